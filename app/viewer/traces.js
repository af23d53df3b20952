// The page of EEG: rows of a montage, negative up, with marks, labels, alarms and the warning level on the same time axis.

const TOP = 17 * SCALE; // px above the traces for the words of marks and alarms
const LANE = 40 * SCALE; // px for the warning level below the traces, where there is one
const AXIS = 16 * SCALE; // px for the time axis

// What a page is drawn with: `rows` are those shown, each with its row in the samples.
function tracesPlace(canvas, scene, rows, view_s, settings) {
  const { width, height } = canvas.getBoundingClientRect();
  const page_s = pageSeconds(settings, width);
  const lane = scene.threshold === null ? 0 : LANE;
  const bottom = height - lane - AXIS;
  const rowHeight = (bottom - TOP) / Math.max(rows.length, 1);
  const perSecond = (width - GUTTER - MARGIN) / page_s;
  return {
    height,
    lane,
    top: TOP,
    bottom,
    right: width - MARGIN,
    rowHeight,
    perSecond,
    view_s,
    end_s: view_s + page_s,
    pxPerUv: settings.px_mm / settings.sensitivity,
    x: (second) => GUTTER + (second - view_s) * perSecond,
    second: (x) => view_s + (x - GUTTER) / perSecond,
    y: (number) => TOP + (number + 0.5) * rowHeight,
    level: (value) => height - AXIS - 3 - value * (lane - 8),
  };
}

function shownRows(buffer, settings) {
  const rows = (buffer?.channels ?? []).map((channel, row) => ({ ...channel, row, state: settings.rows[channel.name] }));
  return rows.filter((row) => row.state !== "hidden");
}

// Draws what lies in `buffer`, or that it is on its way; gives the place of everything, for clicks and the caliper.
function drawTraces(canvas, scene, { buffer, rows, isReading, view_s, settings }, colours) {
  const { context } = prepare(canvas, colours);
  const place = tracesPlace(canvas, scene, rows, view_s, settings);
  const page = { context, place };
  drawGrid(page, colours, scene.clock ?? clock);
  drawBands(page, scene, colours);
  if (!isReading) {
    context.save();
    context.beginPath();
    context.rect(GUTTER, TOP - 6, place.right - GUTTER, place.bottom - TOP + 12);
    context.clip();
    rows.forEach((row, number) => drawTrace(page, buffer, row, number, colours[row.side]));
    context.restore();
    drawReasons(page, buffer, rows, colours);
    if (place.lane) drawLane(page, scene, buffer, colours);
  } else {
    context.globalAlpha = 0.7;
    label(context, "reading …", (GUTTER + place.right) / 2 - 20, (TOP + place.bottom) / 2, colours.text, colours);
    context.globalAlpha = 1;
  }
  drawWords(page, scene, colours);
  drawLabels(page, scene, colours);
  drawCorrections(page, scene, colours);
  if (scene.clip) drawClipEdges(page, scene.clip, colours);
  if (scene.weights && !isReading) drawWeights(page, scene.weights, rows, colours);
  drawNames(page, rows, colours);
  drawCalibration(page, colours);
  const { top, bottom, right, rowHeight, perSecond, pxPerUv } = place;
  canvas.dataset.geometry = JSON.stringify({ left: GUTTER, right, top, bottom, rowHeight, perSecond, pxPerUv });
  canvas.dataset.view = String(view_s);
  canvas.dataset.drawn = String(!isReading);
  canvas.dataset.montage = buffer?.display?.montage ?? "";
  return place;
}

function drawGrid({ context, place }, colours, tell) {
  const { height, view_s, end_s } = place;
  context.strokeStyle = colours.text;
  context.lineWidth = 1;
  const step = roundStep(place.perSecond, 56 * SCALE);
  for (let second = Math.ceil(view_s); second <= end_s; second++) {
    const x = Math.round(place.x(second)) + 0.5;
    context.lineWidth = second % 60 === 0 ? 2 : 1;
    context.globalAlpha = second % 60 === 0 ? 0.6 : second % 5 === 0 ? 0.28 : 0.13;
    line(context, x, TOP, x, height - AXIS);
    context.globalAlpha = 1;
    context.fillStyle = colours.text;
    context.textAlign = "center";
    if (second % step === 0) context.fillText(tell(second), x, height - AXIS / 2);
  }
  context.lineWidth = 1;
  context.globalAlpha = 0.4;
  line(context, GUTTER, place.bottom + 2.5, place.right, place.bottom + 2.5);
  context.globalAlpha = 1;
}

function drawTrace({ context, place }, buffer, { row, state }, number, colour) {
  const { view_s, end_s } = place;
  const { sfreq, scale_uv, start_s, samples, n_times } = buffer;
  const first = Math.max(0, Math.floor((view_s - start_s) * sfreq) - 1);
  const last = Math.min(n_times, Math.ceil((end_s - start_s) * sfreq) + 2);
  const pxPerStep = scale_uv * place.pxPerUv; // positive downwards: negative is up
  const middle = place.y(number);
  const strength = state === "dimmed" ? 0.25 : 1;
  const trace = (from, to, alpha) => {
    context.globalAlpha = alpha * strength;
    context.beginPath();
    for (let k = from; k < to; k++) {
      context.lineTo(place.x(start_s + k / sfreq), middle + samples[row * n_times + k] * pxPerStep);
    }
    context.stroke();
  };
  context.strokeStyle = colour;
  context.lineWidth = 1.1 * SCALE;
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

function drawLane(page, scene, buffer, colours) {
  const { context, place } = page;
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
    const [from_s, until_s = place.end_s] = buffer.level_time_s.slice(index, index + 2);
    if (!index || buffer.level[index - 1] === null) context.moveTo(place.x(from_s), place.level(value));
    context.lineTo(place.x(from_s), place.level(value));
    context.lineTo(place.x(until_s), place.level(value));
  });
  context.stroke();
  context.restore();
  for (const fault of scene.faults) {
    const span = onPage(page, fault);
    if (span) hatch(context, span.x0, place.bottom + 3, span.x1, place.height - AXIS, colours, "FAULT: not judged");
  }
}

function drawNames({ context, place }, rows, colours) {
  context.textAlign = "left";
  rows.forEach((row, number) => {
    context.globalAlpha = row.state === "dimmed" ? 0.45 : 1;
    context.fillStyle = colours[row.side];
    context.fillText(row.name, 4, place.y(number));
  });
  context.globalAlpha = 1;
  if (!place.lane) return;
  context.fillStyle = colours.text;
  context.fillText("warning", 4, place.height - AXIS - LANE / 2 - 5 * SCALE);
  context.fillText("level", 4, place.height - AXIS - LANE / 2 + 7 * SCALE);
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
  const middle = y + (amount_uv * place.pxPerUv) / 2;
  context.fillText(String(amount_uv), x + 5, middle - 6 * SCALE);
  context.fillText("µV", x + 5, middle + 7 * SCALE);
}
