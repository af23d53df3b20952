// One bed over the last hours, and the table of alarms.

const CHART_EM = { left: 3.4, right: 1, top: 1.4, bottom: 2.7, height: 16 };
const TICKS_MIN = { 1: 10, 6: 60, 24: 180 };

function drawDetails(root, details) {
  root.hidden = !details;
  if (!details) return root.replaceChildren();
  const drawn = JSON.stringify([details, root.clientWidth]);
  if (root.dataset.drawn === drawn) return;
  root.dataset.drawn = drawn;
  if (root.dataset.bed !== details.bed || !root.firstChild) root.replaceChildren(detailsHead(details), element("div", { class: "body" }));
  root.dataset.bed = details.bed;
  for (const button of root.querySelectorAll("[data-hours]")) setAttribute(button, "aria-pressed", String(Number(button.dataset.hours) === details.hours));
  root.querySelector(".body").replaceChildren(chartOf(details, root.clientWidth, parseFloat(getComputedStyle(root).fontSize)), faultsOf(details));
}

function detailsHead(details) {
  const hours = details.choices.map((each) => element("button", { type: "button", "data-act": "hours", "data-hours": each, "data-bed": details.bed }, `${each} h`));
  return element("div", { class: "head" },
    element("h3", {}, details.bed), ...hours,
    element("small", {}, "A monitor sends levels, alarms and faults; no EEG."),
    element("button", { type: "button", "data-act": "close" }, "Close"));
}

function chartOf(details, width, em) {
  const [left, right, top, bottom, height] = ["left", "right", "top", "bottom", "height"].map((side) => CHART_EM[side] * em);
  const inner = { width: Math.max(200, width - left - right - 2 * em), height: height - top - bottom };
  const step = inner.width / details.levels.length;
  const since = details.until - 3600 * details.hours;
  const x = (at) => ((at - since) / (3600 * details.hours)) * inner.width;
  const made = svg("svg", { class: "chart", role: "img", width: inner.width + left + right, height, "aria-label": chartWords(details) });
  const plot = svg("g", { transform: `translate(${left} ${top})` });
  for (const level of [0, 0.5, 1]) {
    const y = inner.height * (1 - level);
    plot.append(svg("path", { class: "grid", d: `M0 ${y}H${inner.width}` }), svg("text", { x: -em / 2, y: y + em / 3, "text-anchor": "end" }, level.toFixed(1)));
  }
  for (const at of ticks(since, details.until, TICKS_MIN[details.hours])) {
    plot.append(svg("path", { class: "grid", d: `M${x(at)} 0V${inner.height}` }), svg("text", { x: x(at), y: inner.height + 1.2 * em, "text-anchor": "middle" }, clockOf(at).slice(-8, -3)));
  }
  plot.append(svg("path", { class: "unjudged", d: unjudgedPath(details.levels, step, inner.height) }), svg("path", { class: "line", d: levelPath(details.levels, step, inner.height) }));
  for (const alarm of details.alarms) {
    plot.append(svg("path", { class: "alarm-line", d: `M${x(alarm.raised_at)} 0V${inner.height}` }), svg("text", { class: "alarm-mark", x: x(alarm.raised_at), y: -em / 4, "text-anchor": "middle" }, "▲"));
  }
  plot.append(
    svg("text", { transform: `translate(${-2.5 * em} ${inner.height / 2}) rotate(-90)`, "text-anchor": "middle" }, "warning level"),
    svg("text", { x: inner.width / 2, y: inner.height + 2.4 * em, "text-anchor": "middle" }, "time (h:min), highest level of each minute; ▲ alarm, ╱ not judged"));
  made.append(plot);
  return made;
}

function ticks(since, until, every_min) {
  const offset_s = 60 * new Date(1000 * since).getTimezoneOffset();
  const every_s = 60 * every_min;
  const found = [];
  for (let at = Math.ceil((since - offset_s) / every_s) * every_s + offset_s; at <= until; at += every_s) found.push(at);
  return found;
}

function chartWords(details) {
  const judged = details.levels.filter((level) => level !== null && level !== UNWRITTEN);
  const highest = judged.length ? `highest ${Math.max(...judged).toFixed(2)}` : "none judged";
  return `Warning level of ${details.bed} over ${details.hours} h: ${highest}, ${details.alarms.length} alarms, ${details.faults.length} faults`;
}

function faultsOf(details) {
  const rows = details.faults.map((fault) => element("tr", {},
    element("td", {}, clockOf(fault.start_at)),
    element("td", {}, fault.end_at === null ? "lasts" : span(fault.end_at - fault.start_at)),
    element("td", {}, fault.reason)));
  if (!rows.length) return element("p", {}, `No fault in these ${details.hours} h.`);
  const head = element("tr", {}, ...["Fault from", "For", "Why nothing was judged"].map((text) => element("th", { scope: "col" }, text)));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows));
}

function drawHistory(root, scene) {
  root.hidden = !scene.history.length;
  const drawn = JSON.stringify([scene.history, scene.may_act]);
  if (root.dataset.drawn === drawn) return;
  root.dataset.drawn = drawn;
  const focused = root.getRootNode().activeElement?.dataset?.row;
  root.querySelector("tbody").replaceChildren(...scene.history.map((alarm) => historyRow(alarm, scene.may_act)));
  if (focused) root.querySelector(`[data-row="${focused}"]`)?.focus();
}

function historyRow(alarm, may_act) {
  const done = alarm.acts.map((act) => element("li", {}, `${clockOf(act.at)} ${act.what}, by ${act.who}`));
  const kind = alarm.is_false ? "withdraw_false" : "mark_false";
  const button = element("button", {
    type: "button", "data-act": kind, "data-alarms": alarm.id, "data-bed": alarm.bed, "data-row": alarm.id,
    "aria-label": `${alarm.is_false ? "Take back that the alarm is false" : "Mark as false the alarm"} of ${alarm.bed} at ${clockOf(alarm.raised_at)}`,
  }, alarm.is_false ? "Take back" : "False …");
  return element("tr", { class: alarm.is_false ? "false" : "" },
    element("td", {}, clockOf(alarm.raised_at)),
    element("td", {}, alarm.bed),
    element("td", {}, levelText(alarm.peak)),
    element("td", {}, alarm.cleared_at === null ? "lasts" : span(alarm.cleared_at - alarm.raised_at)),
    element("td", {}, done.length ? element("ul", {}, ...done) : "▲ not acknowledged"),
    element("td", {}, alarm.is_false ? "✕ false " : "", ...(may_act ? [button] : [])));
}
