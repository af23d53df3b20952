// What both canvases share: colours that follow the theme, crisp pixels, time in words, hatching.

// A screen of 4K that its system does not magnify is read from the same distance: what is written has to be larger.
const SCALE = window.innerWidth >= 2600 ? 1.7 : 1;
const FONT = `${11 * SCALE}px system-ui, sans-serif`;
const GUTTER = 62 * SCALE; // px at the left for names, the same on all canvases
const MARGIN = 40 * SCALE; // px at the right for the calibration bar

function clock(seconds) {
  const whole = Math.floor(seconds + 1e-6);
  const two = (number) => String(number).padStart(2, "0");
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

// Blue against orange, which every kind of colour vision tells apart; dark on a light page and light on a dark one.
function palette(root) {
  const style = getComputedStyle(root);
  const background = style.getPropertyValue("--st-background-color").trim() || "#ffffff";
  const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  probe.fillStyle = background;
  probe.fillRect(0, 0, 1, 1);
  const [red, green, blue] = probe.getImageData(0, 0, 1, 1).data;
  root.classList.toggle("dark", 0.3 * red + 0.6 * green + 0.1 * blue < 128);
  const named = (name) => style.getPropertyValue(name).trim();
  return {
    background,
    text: style.color,
    left: named("--left"),
    right: named("--right"),
    midline: style.color,
    alarm: named("--alarm"),
    seizure: named("--seizure"),
  };
}

// Sizes a canvas to its box in device pixels and gives a context that draws in CSS pixels.
function prepare(canvas, colours) {
  const box = canvas.getBoundingClientRect();
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(box.width * ratio), Math.round(box.height * ratio)];
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.globalAlpha = 1;
  context.fillStyle = colours.background;
  context.fillRect(0, 0, box.width, box.height);
  context.font = FONT;
  context.textBaseline = "middle";
  return { context, width: box.width, height: box.height };
}

function line(context, x0, y0, x1, y1) {
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
}

function band(context, x0, y0, x1, y1, colour, alpha) {
  context.save();
  context.globalAlpha = alpha;
  context.fillStyle = colour;
  context.fillRect(x0, y0, Math.max(1, x1 - x0), y1 - y0);
  context.restore();
}

// A fault is hatched and named, never left blank: blank would read as calm.
function hatch(context, x0, y0, x1, y1, colours, word) {
  context.save();
  context.beginPath();
  context.rect(x0, y0, x1 - x0, y1 - y0);
  context.clip();
  context.strokeStyle = colours.text;
  context.globalAlpha = 0.35;
  context.lineWidth = 1;
  const height = y1 - y0;
  for (let x = Math.floor((x0 - height) / 6) * 6; x < x1; x += 6) line(context, x, y1, x + height, y0);
  context.restore();
  const width = context.measureText(word).width;
  if (width + 8 < x1 - x0) label(context, word, (x0 + x1 - width) / 2, (y0 + y1) / 2, colours.text, colours);
}

// Text on a patch of background, so that it stays readable over traces and hatching.
function label(context, text, x, y, colour, colours) {
  const width = context.measureText(text).width;
  const half = 7 * SCALE;
  band(context, x - 2, y - half, x + width + 2, y + half, colours.background, 0.85);
  context.textAlign = "left";
  context.fillStyle = colour;
  context.fillText(text, x, y);
}

function triangle(context, x, y, colour) {
  context.fillStyle = colour;
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x - 5 * SCALE, y - 9 * SCALE);
  context.lineTo(x + 5 * SCALE, y - 9 * SCALE);
  context.fill();
}

// The longest step from a list of round ones that leaves `least` px between labels.
function roundStep(perSecond, least) {
  const steps = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 21600, 43200, 86400];
  return steps.find((step) => step * perSecond >= least) || 172800;
}
