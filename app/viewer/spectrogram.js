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

function drawSpectrogram(canvas, spectrogram, clip, colours) {
  const { context, width, height } = prepare(canvas, colours);
  const [right, axis] = [width - MARGIN, 14 * SCALE];
  const panel = (height - axis - 2) / 2;
  const { start_s, end_s, high_hz } = spectrogram;
  const perSecond = (right - GUTTER) / Math.max(end_s - start_s, 1e-9);
  const x = (second) => GUTTER + (second - start_s) * perSecond;
  context.imageSmoothingEnabled = false;
  ["left", "right"].forEach((side, number) => {
    const top = number * (panel + 2);
    context.drawImage(spectrogram.pictures[side], GUTTER, top, right - GUTTER, panel);
    context.fillStyle = colours[side];
    context.textAlign = "left";
    context.fillText(side, 4, top + panel / 2);
    context.fillStyle = colours.text;
    context.textAlign = "right";
    context.fillText(`${Math.round(high_hz)} Hz`, GUTTER - 4, top + 7 * SCALE);
  });
  context.textAlign = "center";
  for (let minute = Math.ceil(start_s / 60); minute * 60 <= end_s; minute++) {
    context.globalAlpha = 0.35;
    context.strokeStyle = colours.background;
    line(context, x(60 * minute), 0, x(60 * minute), height - axis);
    context.globalAlpha = 1;
    if (x(60 * minute) < right - 20 * SCALE) context.fillText(clock(60 * minute), x(60 * minute), height - axis / 2 + 1);
  }
  drawClipBox(context, x(clip.start_s), x(clip.end_s), height - axis, colours);
  canvas.dataset.geometry = JSON.stringify({ left: GUTTER, right, perSecond, start_s });
}

function drawClipBox(context, x0, x1, height, colours) {
  for (const [colour, width] of [[colours.background, 4], [colours.text, 2]]) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.strokeRect(x0 - 1, 1, Math.max(x1 - x0, 3) + 2, height - 2);
  }
}
