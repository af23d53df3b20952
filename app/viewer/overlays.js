// What lies over the traces: marked seizures, alarms, labels and onsets, and why a stretch is dimmed.

// A stretch in pixels, cut at the ends of the page; null where it lies outside.
function onPage({ place }, { start_s, end_s: stretch_end_s }) {
  const last_s = stretch_end_s ?? start_s;
  if (last_s < place.view_s || start_s > place.end_s) return null;
  const x1 = Math.min(Math.max(place.x(last_s), place.x(start_s) + 2), place.right);
  return { x0: Math.max(place.x(start_s), GUTTER), x1 };
}

function drawBands(page, scene, colours) {
  const { context, place } = page;
  for (const seizure of scene.seizures) {
    const span = onPage(page, seizure);
    if (span) band(context, span.x0, TOP, span.x1, place.height - AXIS, colours.seizure, 0.13);
  }
  for (const alarm of scene.alarms) {
    const span = onPage(page, alarm);
    if (span) band(context, span.x0, 0, span.x1, TOP - 2, colours.alarm, 0.25);
  }
}

// Why a stretch is dimmed, once for neighbouring rows that share it.
function drawReasons(page, buffer, rows, colours) {
  const { context, place } = page;
  const above = (row, start_s, reason) =>
    buffer.bad.some((other) => other[0] === row && other[1] === start_s && other[3] === reason);
  for (const [row, start_s, end_s, reason] of buffer.bad) {
    const span = onPage(page, { start_s, end_s });
    const number = rows.findIndex((shown) => shown.row === row);
    if (!span || number < 0 || span.x1 - span.x0 < 3) continue;
    if (number && above(rows[number - 1].row, start_s, reason)) continue;
    label(context, reason, span.x0 + 4, place.y(number) - Math.min(7, place.rowHeight / 4), colours.text, colours);
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
    if (x >= GUTTER) line(context, x, TOP, x, page.place.height - AXIS);
    label(context, x >= GUTTER ? "■ marked seizure" : "■ seizure goes on", span.x0 + 3, TOP + 7 * SCALE, colours.seizure, colours);
  }
  for (const alarm of scene.alarms) {
    const x = page.place.x(alarm.start_s);
    const span = onPage(page, alarm);
    if (!span) continue;
    context.strokeStyle = colours.alarm;
    context.lineWidth = 2;
    if (x >= GUTTER) {
      line(context, x, 2, x, page.place.height - AXIS);
      triangle(context, x, 11 * SCALE, colours.alarm);
    }
    label(context, x >= GUTTER ? `ALARM, peak ${alarm.peak.toFixed(2)}` : "▲ alarm goes on", span.x0 + 8 * SCALE, 8 * SCALE, colours.alarm, colours);
  }
}

// What clinicians said of clips, in a band along the foot; an onset they put elsewhere stands beside the mark's.
function drawLabels(page, scene, colours) {
  const { context, place } = page;
  for (const one of scene.labels ?? []) {
    const span = onPage(page, one);
    if (!span) continue;
    const colour = one.label === "seizure" ? colours.seizure : colours.text;
    band(context, span.x0, place.bottom - 5, span.x1, place.bottom, colour, 0.8);
    label(context, `${one.label} (${one.rater})`, span.x0 + 3, place.bottom - 13 * SCALE, colour, colours);
  }
  for (const one of scene.labels ?? []) {
    if (one.onset_s === null || !onPage(page, { start_s: one.onset_s, end_s: one.onset_s })) continue;
    drawOnset(page, one.onset_s, `onset ${awayFromMark(one.onset_s, scene.seizures)}(${one.rater})`, colours);
  }
}

// Where a model's training put the onset of a mark that it learned from, with the middle 90 % of where it may lie.
function drawCorrections(page, scene, colours) {
  const { context, place } = page;
  for (const one of scene.corrections ?? []) {
    const at_s = one.onset_s ?? one.mark_s;
    const span = onPage(page, { start_s: one.low_s ?? at_s, end_s: one.high_s ?? at_s });
    if (!span) continue;
    if (one.onset_s === null) {
      const words = `the model's training takes this mark for no seizure (${one.p_seizure.toFixed(2)})`;
      label(context, words, span.x0 + 3, TOP + 36 * SCALE, colours.seizure, colours);
      continue;
    }
    band(context, span.x0, TOP, span.x1, TOP + 4, colours.seizure, 0.8);
    if (at_s >= place.view_s && at_s <= place.end_s) {
      drawOnset(page, at_s, `corrected onset ${awayFromMark(at_s, scene.seizures)}(model)`, colours);
    }
  }
}

function drawOnset({ context, place }, second, words, colours) {
  const x = place.x(second);
  context.strokeStyle = colours.seizure;
  context.lineWidth = 2;
  context.setLineDash([7, 3]);
  line(context, x, TOP, x, place.height - AXIS);
  context.setLineDash([]);
  triangle(context, x, TOP + 9 * SCALE, colours.seizure);
  label(context, words, x + 7 * SCALE, TOP + 22 * SCALE, colours.seizure, colours);
}

function awayFromMark(onset_s, seizures) {
  const away_s = seizures.map((seizure) => onset_s - seizure.start_s).sort((one, other) => Math.abs(one) - Math.abs(other));
  if (!away_s.length || Math.abs(away_s[0]) > 120) return "";
  return `${Math.abs(away_s[0]).toFixed(1)} s ${away_s[0] < 0 ? "before" : "after"} the mark `;
}

const WEIGHT_PX = 40 * SCALE;

// What each derivation weighs in a model's decision about a window: filled to the right for a seizure, hollow to the left
// against one. The window is marked above the traces.
function drawWeights(page, weights, rows, colours) {
  const { context, place } = page;
  const zero = GUTTER + WEIGHT_PX + 3;
  const largest = Math.max(...weights.derivations.map(({ weight }) => Math.abs(weight ?? 0)), 0.01);
  const half = Math.min(place.rowHeight / 3, 6 * SCALE);
  band(context, GUTTER, TOP, zero + WEIGHT_PX + 3, place.bottom, colours.background, 0.75);
  context.strokeStyle = context.fillStyle = colours.text;
  context.lineWidth = 1;
  line(context, zero, TOP, zero, place.bottom);
  rows.forEach((row, number) => {
    const weight = weights.derivations.find(({ name }) => name === row.name)?.weight;
    if (weight === null || weight === undefined) return;
    const reach = (WEIGHT_PX * weight) / largest;
    const y = place.y(number);
    context.fillStyle = context.strokeStyle = weight < 0 ? colours.text : colours.alarm;
    if (weight < 0) context.strokeRect(zero + reach, y - half, -reach, 2 * half);
    else context.fillRect(zero, y - half, reach, 2 * half);
  });
  const span = onPage(page, weights);
  if (!span) return;
  context.strokeStyle = colours.text;
  context.lineWidth = 2;
  context.strokeRect(span.x0, TOP - 2, span.x1 - span.x0, place.bottom - TOP + 2);
}

// The clip that is asked about lies between two lines; what surrounds it is veiled.
function drawClipEdges(page, clip, colours) {
  const { context, place } = page;
  for (const [from_s, to_s] of [[place.view_s, clip.start_s], [clip.end_s, place.end_s]]) {
    const span = to_s > from_s && onPage(page, { start_s: from_s, end_s: to_s });
    if (span) band(context, span.x0, TOP, span.x1, place.bottom, colours.background, 0.55);
  }
  context.strokeStyle = colours.text;
  context.lineWidth = 2;
  for (const second of [clip.start_s, clip.end_s]) {
    const x = place.x(second);
    if (x >= GUTTER && x <= place.right + 1) line(context, x, TOP - 4, x, place.bottom);
  }
  if (clip.onset_s !== null) drawOnset(page, clip.onset_s, `onset ${(clip.onset_s - clip.start_s).toFixed(2)} s`, colours);
}
