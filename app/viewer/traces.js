// The page of EEG: 18 derivations, negative up, with the marks, the alarms and the warning level on the same time axis.

const TOP = 17; // px above the traces for the words of marks and alarms
const LANE = 40; // px for the warning level below the traces
const AXIS = 16; // px for the time axis
const PX_PER_MM = 96 / 25.4; // the nominal pixel of CSS

function tracesPlace(width, height, scene, view_s, sensitivity) {
  const { page_s, channels } = scene.recording;
  const bottom = height - LANE - AXIS;
  const rowHeight = (bottom - TOP) / channels.length;
  const perSecond = (width - GUTTER - MARGIN) / page_s;
  return {
    top: TOP,
    bottom,
    right: width - MARGIN,
    rowHeight,
    perSecond,
    pxPerUv: PX_PER_MM / sensitivity,
    x: (second) => GUTTER + (second - view_s) * perSecond,
    y: (row) => TOP + (row + 0.5) * rowHeight,
    level: (value) => height - AXIS - 3 - value * (LANE - 8),
  };
}

function drawTraces(canvas, scene, buffer, view_s, sensitivity, colours) {
  const { context, width, height } = prepare(canvas, colours);
  const place = tracesPlace(width, height, scene, view_s, sensitivity);
  const { page_s, channels } = scene.recording;
  const page = { context, place, height, view_s, end_s: view_s + page_s };
  drawGrid(page, colours);
  drawBands(page, scene, colours);
  if (buffer) {
    context.save();
    context.beginPath();
    context.rect(GUTTER, TOP - 6, place.right - GUTTER, place.bottom - TOP + 12);
    context.clip();
    channels.forEach((channel, row) => drawTrace(page, buffer, row, colours[channel.side]));
    context.restore();
    drawReasons(page, buffer, colours);
    drawLane(page, scene, buffer, colours);
  } else {
    context.globalAlpha = 0.7;
    label(context, "reading …", (GUTTER + place.right) / 2 - 20, (TOP + place.bottom) / 2, colours.text, colours);
    context.globalAlpha = 1;
  }
  drawWords(page, scene, colours);
  drawNames(page, channels, colours);
  drawCalibration(page, colours);
  const { top, bottom, right, rowHeight, perSecond, pxPerUv } = place;
  canvas.dataset.geometry = JSON.stringify({ left: GUTTER, right, top, bottom, rowHeight, perSecond, pxPerUv });
  canvas.dataset.view = String(view_s);
  canvas.dataset.drawn = String(Boolean(buffer));
}

function drawGrid({ context, place, height, view_s, end_s }, colours) {
  context.strokeStyle = colours.text;
  context.lineWidth = 1;
  const step = roundStep(place.perSecond, 56);
  for (let second = Math.ceil(view_s); second <= end_s; second++) {
    const x = Math.round(place.x(second)) + 0.5;
    context.globalAlpha = second % 60 === 0 ? 0.6 : second % 5 === 0 ? 0.28 : 0.13;
    line(context, x, TOP, x, height - AXIS);
    context.globalAlpha = 1;
    context.fillStyle = colours.text;
    context.textAlign = "center";
    if (second % step === 0) context.fillText(clock(second), x, height - AXIS / 2);
  }
  context.globalAlpha = 0.4;
  line(context, GUTTER, place.bottom + 2.5, place.right, place.bottom + 2.5);
  context.globalAlpha = 1;
}

// A stretch in pixels, cut at the ends of the page; null where it lies outside.
function onPage({ place, view_s, end_s }, { start_s, end_s: stretch_end_s }) {
  const last_s = stretch_end_s ?? start_s;
  if (last_s < view_s || start_s > end_s) return null;
  return { x0: Math.max(place.x(start_s), GUTTER), x1: Math.min(Math.max(place.x(last_s), place.x(start_s) + 2), place.right) };
}

function drawBands(page, scene, colours) {
  const { context, height } = page;
  for (const seizure of scene.seizures) {
    const span = onPage(page, seizure);
    if (span) band(context, span.x0, TOP, span.x1, height - AXIS, colours.seizure, 0.13);
  }
  for (const alarm of scene.alarms) {
    const span = onPage(page, alarm);
    if (span) band(context, span.x0, 0, span.x1, TOP - 2, colours.alarm, 0.25);
  }
}

function drawTrace({ context, place, view_s, end_s }, buffer, row, colour) {
  const { sfreq, scale_uv, start_s, samples, n_times } = buffer;
  const first = Math.max(0, Math.floor((view_s - start_s) * sfreq) - 1);
  const last = Math.min(n_times, Math.ceil((end_s - start_s) * sfreq) + 2);
  const pxPerStep = scale_uv * place.pxPerUv; // positive downwards: negative is up
  const middle = place.y(row);
  const trace = (from, to, alpha) => {
    context.globalAlpha = alpha;
    context.beginPath();
    for (let k = from; k < to; k++) {
      context.lineTo(place.x(start_s + k / sfreq), middle + samples[row * n_times + k] * pxPerStep);
    }
    context.stroke();
  };
  context.strokeStyle = colour;
  context.lineWidth = 1.1;
  context.lineJoin = "round";
  let from = first;
  for (const [badRow, bad_start_s, bad_end_s] of buffer.bad) {
    if (badRow !== row) continue;
    const badFrom = Math.min(Math.max(Math.round((bad_start_s - start_s) * sfreq), from), last);
    const badTo = Math.min(Math.max(Math.round((bad_end_s - start_s) * sfreq), from), last);
    trace(from, Math.min(badFrom + 1, last), 1);
    trace(badFrom, Math.min(badTo + 1, last), 0.35);
    from = badTo;
  }
  trace(from, last, 1);
  context.globalAlpha = 1;
}

// Why a stretch is dimmed, once for neighbouring rows that share it.
function drawReasons(page, buffer, colours) {
  const { context, place } = page;
  const above = (row, start_s, reason) =>
    buffer.bad.some((other) => other[0] === row - 1 && other[1] === start_s && other[3] === reason);
  for (const [row, start_s, end_s, reason] of buffer.bad) {
    const span = onPage(page, { start_s, end_s });
    if (!span || span.x1 - span.x0 < 3 || above(row, start_s, reason)) continue;
    label(context, reason, span.x0 + 4, place.y(row) - Math.min(7, place.rowHeight / 4), colours.text, colours);
  }
}

function drawLane(page, scene, buffer, colours) {
  const { context, place, height } = page;
  if (scene.threshold === null) return;
  context.save();
  context.beginPath();
  context.rect(GUTTER, place.bottom, place.right - GUTTER, LANE + 3);
  context.clip();
  context.strokeStyle = colours.alarm;
  context.setLineDash([5, 4]);
  line(context, GUTTER, place.level(scene.threshold), place.right, place.level(scene.threshold));
  context.setLineDash([]);
  context.strokeStyle = colours.text;
  context.lineWidth = 1.6;
  context.beginPath();
  // A level holds until the next window has ended, and a fault interrupts the line.
  buffer.level.forEach((value, index) => {
    if (value === null) return;
    const [from_s, until_s = page.end_s] = buffer.level_time_s.slice(index, index + 2);
    if (!index || buffer.level[index - 1] === null) context.moveTo(place.x(from_s), place.level(value));
    context.lineTo(place.x(from_s), place.level(value));
    context.lineTo(place.x(until_s), place.level(value));
  });
  context.stroke();
  context.restore();
  for (const fault of scene.faults) {
    const span = onPage(page, fault);
    if (span) hatch(context, span.x0, place.bottom + 3, span.x1, height - AXIS, colours, "FAULT: not judged");
  }
}

function drawWords(page, scene, colours) {
  const { context } = page;
  for (const seizure of scene.seizures) {
    const x = page.place.x(seizure.start_s);
    const span = onPage(page, seizure);
    if (!span) continue;
    context.strokeStyle = colours.seizure;
    context.lineWidth = 2;
    if (x >= GUTTER) line(context, x, TOP, x, page.height - AXIS);
    label(context, x >= GUTTER ? "■ marked seizure" : "■ seizure goes on", span.x0 + 3, TOP + 7, colours.seizure, colours);
  }
  for (const alarm of scene.alarms) {
    const x = page.place.x(alarm.start_s);
    const span = onPage(page, alarm);
    if (!span) continue;
    context.strokeStyle = colours.alarm;
    context.lineWidth = 2;
    if (x >= GUTTER) {
      line(context, x, 2, x, page.height - AXIS);
      triangle(context, x, 11, colours.alarm);
    }
    label(context, x >= GUTTER ? `ALARM, peak ${alarm.peak.toFixed(2)}` : "▲ alarm goes on", span.x0 + 8, 8, colours.alarm, colours);
  }
}

function drawNames({ context, place, height }, channels, colours) {
  context.textAlign = "left";
  channels.forEach((channel, row) => {
    context.fillStyle = colours[channel.side];
    context.fillText(channel.name, 4, place.y(row));
  });
  context.fillStyle = colours.text;
  context.fillText("warning", 4, height - AXIS - LANE / 2 - 5);
  context.fillText("level", 4, height - AXIS - LANE / 2 + 7);
}

// A bar of 100 µV (or the next round amount that fits) to hold the traces against.
function drawCalibration({ context, place }, colours) {
  const amounts = [2000, 1000, 500, 200, 100, 50, 20, 10];
  const amount_uv = amounts.find((amount) => amount * place.pxPerUv <= 60) || 5;
  const [x, y] = [place.right + 8, TOP + 10];
  context.strokeStyle = colours.text;
  context.fillStyle = colours.text;
  context.lineWidth = 2;
  line(context, x, y, x, y + amount_uv * place.pxPerUv);
  context.textAlign = "left";
  context.fillText(String(amount_uv), x + 5, y + (amount_uv * place.pxPerUv) / 2 - 6);
  context.fillText("µV", x + 5, y + (amount_uv * place.pxPerUv) / 2 + 7);
}
