// The strip of the whole recording: warning level, threshold, alarms, marked seizures, labels, faults, and where the page lies.

const NOT_JUDGED = 255; // of the 0..254 steps of a level

function overviewPlace(width, duration_s) {
  const perSecond = (width - GUTTER - MARGIN) / Math.max(duration_s, 1e-9);
  return {
    perSecond,
    x: (second) => GUTTER + second * perSecond,
    second: (x) => Math.min(Math.max((x - GUTTER) / perSecond, 0), duration_s),
  };
}

function drawOverview(canvas, scene, view_s, page_s, colours) {
  const { context, width, height } = prepare(canvas, colours);
  const { duration_s } = scene.recording;
  const place = overviewPlace(width, duration_s);
  const [top, bottom] = [14 * SCALE, height - 18 * SCALE];
  const right = width - MARGIN;
  const y = (level) => bottom - level * (bottom - top);

  overviewAxes(context, place, { top, bottom, right, duration_s, y }, scene, colours);
  for (const seizure of scene.seizures) {
    const x = place.x(seizure.start_s);
    const end = Math.max(place.x(seizure.end_s ?? seizure.start_s), x + 3);
    band(context, x, top, end, bottom, colours.seizure, 0.35);
    band(context, x, bottom, Math.max(end, x + 6), bottom + 4, colours.seizure, 1);
  }
  if (scene.levels) drawLevels(context, scene.levels, { top, bottom, right, y }, colours);
  else hatch(context, GUTTER, top, right, bottom, colours, scene.why_not_scored);
  for (const fault of scene.faults) {
    const [x0, x1] = [place.x(fault.start_s), place.x(fault.end_s)];
    hatch(context, x0, top, Math.max(x1, x0 + 2), bottom, colours, "FAULT");
  }
  if (scene.threshold !== null) {
    context.strokeStyle = colours.alarm;
    context.setLineDash([5, 4]);
    line(context, GUTTER, y(scene.threshold), right, y(scene.threshold));
    context.setLineDash([]);
  }
  for (const alarm of scene.alarms) {
    const x = place.x(alarm.start_s);
    band(context, x, top, Math.max(place.x(alarm.end_s), x + 2), top + 4, colours.alarm, 1);
    band(context, x, top, x + 1.5, bottom, colours.alarm, 1);
    triangle(context, x, top, colours.alarm);
  }
  for (const one of scene.labels ?? []) {
    const [x, end] = [place.x(one.start_s), Math.max(place.x(one.end_s), place.x(one.start_s) + 3)];
    band(context, x, bottom - 5, end, bottom, one.label === "seizure" ? colours.seizure : colours.text, 0.9);
  }
  const x0 = place.x(view_s);
  const x1 = Math.max(place.x(Math.min(view_s + page_s, duration_s)), x0 + 4);
  context.strokeStyle = colours.text;
  context.lineWidth = 2;
  context.strokeRect(x0 - 1, top - 2, x1 - x0 + 2, bottom - top + 4);
  canvas.dataset.geometry = JSON.stringify({ left: GUTTER, right, top, bottom, perSecond: place.perSecond });
}

function overviewAxes(context, place, { top, bottom, right, duration_s, y }, scene, colours) {
  context.strokeStyle = colours.text;
  context.fillStyle = colours.text;
  context.lineWidth = 1;
  context.textAlign = "center";
  const step = roundStep(place.perSecond, 70 * SCALE);
  for (let second = 0; second <= duration_s; second += step) {
    const x = Math.round(place.x(second)) + 0.5;
    context.globalAlpha = 0.18;
    line(context, x, top, x, bottom);
    context.globalAlpha = 1;
    if (x < right - 50 * SCALE) context.fillText(clock(second), Math.max(x, GUTTER - 4), bottom + 11 * SCALE);
  }
  context.globalAlpha = 0.5;
  context.strokeRect(GUTTER + 0.5, top + 0.5, right - GUTTER - 1, bottom - top - 1);
  context.globalAlpha = 1;
  context.textAlign = "right";
  context.fillText("1", GUTTER - 5, top + 4);
  context.fillText("0", GUTTER - 5, bottom - 4);
  context.fillText("warning", GUTTER - 14, (top + bottom) / 2 - 6 * SCALE);
  context.fillText("level", GUTTER - 14, (top + bottom) / 2 + 7 * SCALE);
  context.textAlign = "left";
  if (scene.threshold !== null) {
    context.fillStyle = colours.alarm;
    context.fillText(`${scene.threshold.toFixed(2)}`, right + 5, y(scene.threshold));
  }
  context.fillStyle = colours.text;
  context.fillText(clock(duration_s), right - 4, bottom + 11 * SCALE);
}

function drawLevels(context, levels, { top, bottom, right, y }, colours) {
  const perColumn = (right - GUTTER) / levels.length;
  const x = (column) => GUTTER + column * perColumn;
  const runs = runsOf(levels, (level) => level === NOT_JUDGED);
  for (const { from, to, is } of runs) {
    if (is) {
      hatch(context, x(from), top, x(to), bottom, colours, "FAULT");
      continue;
    }
    context.beginPath();
    context.moveTo(x(from), bottom);
    for (let column = from; column < to; column++) {
      context.lineTo(x(column), y(levels[column] / 254));
      context.lineTo(x(column + 1), y(levels[column] / 254));
    }
    context.lineTo(x(to), bottom);
    context.fillStyle = colours.text;
    context.globalAlpha = 0.35;
    context.fill();
    context.globalAlpha = 1;
  }
}

// Cuts an array into stretches for which `test` is the same.
function runsOf(values, test) {
  const runs = [];
  for (let index = 0; index < values.length; index++) {
    const is = test(values[index]);
    const last = runs[runs.length - 1];
    if (last && last.is === is) last.to = index + 1;
    else runs.push({ from: index, to: index + 1, is });
  }
  return runs;
}
