// Minutes of EEG as power over time and frequency, left side above right, with the clip's place in it.

const NOT_KNOWN = 255;
// From dark to bright in even steps of lightness, which every kind of colour vision can order.
const HEAT = ["#440154", "#482878", "#3e4a89", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6dcd59", "#b4de2c", "#fde725"];

function readSpectrogram(packed) {
  const sides = { left: decode(packed.left, Uint8Array), right: decode(packed.right, Uint8Array) };
  return { ...packed, pictures: Object.fromEntries(Object.entries(sides).map(([side, steps]) => [side, picture(packed, steps)])) };
}

function picture({ n_columns, n_rows }, steps) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.max(n_columns, 1), n_rows];
  const image = new ImageData(canvas.width, n_rows);
  const shades = heatShades();
  for (let row = 0; row < n_rows; row++) {
    for (let column = 0; column < n_columns; column++) {
      const at = 4 * ((n_rows - 1 - row) * n_columns + column); // low frequencies at the foot
      image.data.set(shades[steps[row * n_columns + column]], at);
    }
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

function heatShades() {
  const anchors = HEAT.map((colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)));
  const shades = Array.from({ length: NOT_KNOWN }, (_, step) => {
    const place = (step / (NOT_KNOWN - 1)) * (anchors.length - 1);
    const low = Math.min(Math.floor(place), anchors.length - 2);
    return [...anchors[low].map((part, k) => part + (place - low) * (anchors[low + 1][k] - part)), 255];
  });
  shades[NOT_KNOWN] = [128, 128, 128, 70];
  return shades;
}

// `tell` writes a second as a time.
function drawSpectrogram(canvas, spectrogram, clip, colours, tell = clock) {
  const { context, width, height } = prepare(canvas, colours);
  const [right, axis] = [width - MARGIN, 14 * SCALE];
  const panel = (height - axis - 2) / 2;
  const { start_s, end_s, low_hz, high_hz } = spectrogram;
  const perSecond = (right - GUTTER) / Math.max(end_s - start_s, 1e-9);
  const x = (second) => GUTTER + (second - start_s) * perSecond;
  context.imageSmoothingEnabled = false;
  ["left", "right"].forEach((side, number) => {
    const top = number * (panel + 2);
    context.drawImage(spectrogram.pictures[side], GUTTER, top, right - GUTTER, panel);
    context.fillStyle = colours[side];
    context.textAlign = "left";
    context.fillText(side, 4, top + panel / 2);
    drawHz(context, { top, panel, low_hz, high_hz }, colours);
  });
  drawScale(context, spectrogram, right, height - axis, colours);
  context.textAlign = "center";
  for (let minute = Math.ceil(start_s / 60); minute * 60 <= end_s; minute++) {
    context.globalAlpha = 0.35;
    context.strokeStyle = colours.background;
    line(context, x(60 * minute), 0, x(60 * minute), height - axis);
    context.globalAlpha = 1;
    if (x(60 * minute) < right - 20 * SCALE) context.fillText(tell(60 * minute), x(60 * minute), height - axis / 2 + 1);
  }
  drawClipBox(context, x(clip.start_s), x(clip.end_s), height - axis, colours);
  canvas.dataset.geometry = JSON.stringify({ left: GUTTER, right, perSecond, start_s });
}

// Frequencies beside a panel, and short strokes where they lie.
function drawHz(context, { top, panel, low_hz, high_hz }, colours) {
  context.fillStyle = context.strokeStyle = colours.text;
  context.textAlign = "right";
  context.lineWidth = 1;
  for (const hz of [10, 20]) {
    const y = top + panel * (1 - (hz - low_hz) / (high_hz - low_hz));
    context.fillText(hz === 20 ? "20 Hz" : String(hz), GUTTER - 6, Math.max(y, top + 6 * SCALE));
    line(context, GUTTER - 4, y, GUTTER, y);
  }
}

// What the colours stand for, in dB re 1 µV²/Hz.
function drawScale(context, { quiet_db, loud_db }, right, height, colours) {
  const [x, width] = [right + 5, 7 * SCALE];
  HEAT.forEach((colour, step) => {
    context.fillStyle = colour;
    context.fillRect(x, height * (1 - (step + 1) / HEAT.length), width, height / HEAT.length + 0.5);
  });
  context.fillStyle = colours.text;
  context.textAlign = "left";
  const words = [[Math.round(loud_db), 6 * SCALE], ["dB", height / 2], [Math.round(quiet_db), height - 6 * SCALE]];
  for (const [word, y] of words) context.fillText(String(word).replace("-", "−"), x + width + 3, y);
}

function drawClipBox(context, x0, x1, height, colours) {
  for (const [colour, width] of [[colours.background, 4], [colours.text, 2]]) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.strokeRect(x0 - 1, 1, Math.max(x1 - x0, 3) + 2, height - 2);
  }
}
