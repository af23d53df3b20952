// The measuring caliper: a box over the page whose sides are read in s, Hz and µV.

function newCaliper() {
  return { isOn: false, box: null, isDragging: false };
}

// Switched on, it lies in the middle of the page, a second long and a centimetre high, to be moved by key or pointer.
function toggleCaliper(caliper, place, pxPerMm) {
  caliper.isOn = !caliper.isOn;
  caliper.isDragging = false;
  const [x, y] = [(GUTTER + place.right) / 2, (place.top + place.bottom) / 2];
  caliper.box = caliper.isOn ? { x0: x, y0: y, x1: x + place.perSecond, y1: y + 10 * pxPerMm } : null;
}

function moveCaliper(caliper, key, isWhole) {
  const [dx, dy] = { ArrowLeft: [-2, 0], ArrowRight: [2, 0], ArrowUp: [0, -2], ArrowDown: [0, 2] }[key];
  const { box } = caliper;
  box.x1 += dx;
  box.y1 += dy;
  if (!isWhole) return;
  box.x0 += dx;
  box.y0 += dy;
}

function dragCaliper(caliper, event, place) {
  if (!caliper.isOn) return false;
  const x = Math.min(Math.max(event.offsetX, GUTTER), place.right);
  const y = event.offsetY;
  if (event.type === "pointerdown") {
    caliper.isDragging = true;
    caliper.box = { x0: x, y0: y, x1: x, y1: y };
  } else if (event.type === "pointermove" && caliper.isDragging) {
    caliper.box.x1 = x;
    caliper.box.y1 = y;
  } else if (event.type === "pointerup") caliper.isDragging = false;
  else return false;
  return true;
}

function measured({ box }, place) {
  const seconds = Math.abs(box.x1 - box.x0) / place.perSecond;
  // Negative is up: from the first point to the second.
  return { seconds, hz: seconds ? 1 / seconds : null, uv: (box.y1 - box.y0) / place.pxPerUv };
}

function measuredInWords(reading) {
  const hz = reading.hz === null ? "" : ` · ${reading.hz.toFixed(reading.hz < 10 ? 2 : 1)} Hz`;
  return `${reading.seconds.toFixed(3)} s${hz} · ${reading.uv.toFixed(0)} µV`;
}

function drawCaliper(context, caliper, place, colours) {
  if (!caliper.box) return;
  const { x0, y0, x1, y1 } = caliper.box;
  context.save();
  context.strokeStyle = colours.text;
  context.lineWidth = 1.5;
  context.setLineDash([4, 3]);
  context.strokeRect(Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0));
  context.setLineDash([]);
  for (const [x, y] of [[x0, y0], [x1, y1]]) {
    line(context, x - 6, y, x + 6, y);
    line(context, x, y - 6, x, y + 6);
  }
  context.restore();
  const words = measuredInWords(measured(caliper, place));
  const width = context.measureText(words).width;
  label(context, words, Math.min(Math.max(x0, x1) + 8, place.right - width), Math.min(y0, y1) - 10, colours.text, colours);
}
