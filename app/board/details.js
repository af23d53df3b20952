// One bed over the last hours, and the table of alarms.

const CHART_EM = { left: 3.4, right: 1, top: 1.4, bottom: 2.7, height: 16 };
const TICKS_MIN = { 1: 10, 6: 60, 24: 180 };

function drawDetails(root, details) {
  root.hidden = !details;
  if (!details) {
    root.dataset.drawn = "";
    return root.replaceChildren();
  }
  const drawn = JSON.stringify([details, root.clientWidth]);
  if (root.dataset.drawn === drawn) return;
  root.dataset.drawn = drawn;
  if (root.dataset.bed !== details.bed || !root.firstChild)
    root.replaceChildren(detailsHead(details), element("div", { class: "body" }));
  root.dataset.bed = details.bed;
  for (const button of root.querySelectorAll("[data-hours]"))
    setAttribute(button, "aria-pressed", String(Number(button.dataset.hours) === details.hours));
  root
    .querySelector(".body")
    .replaceChildren(
      chartOf(details, root.clientWidth, parseFloat(getComputedStyle(root).fontSize)),
      faultsOf(details),
    );
}

function detailsHead(details) {
  const hours = details.choices.map((each) =>
    element(
      "button",
      { type: "button", "data-act": "hours", "data-hours": each, "data-bed": details.bed },
      `${each} h`,
    ),
  );
  return element(
    "div",
    { class: "head" },
    element("h3", {}, `Course of ${details.bed}`),
    ...hours,
  );
}

function chartOf(details, width, em) {
  const { left, right, top, bottom, height } = CHART_EM;
  const plot = { width: Math.max(200, width - (left + right + 2) * em), height: (height - top - bottom) * em };
  const made = svg("svg", {
    class: "chart",
    role: "img",
    width: plot.width + (left + right) * em,
    height: height * em,
    "aria-label": chartWords(details),
  });
  const group = svg("g", { transform: `translate(${left * em} ${top * em})` });
  group.append(...axesOf(details, plot, em), ...curveOf(details, plot, em));
  made.append(group);
  return made;
}

function placeOf(details, plot, at) {
  return plot.width * (1 - (details.until - at) / (3600 * details.hours));
}

function axesOf(details, plot, em) {
  const centred = { "text-anchor": "middle" };
  const levels = [0, 0.5, 1].flatMap((level) => {
    const y = plot.height * (1 - level);
    const text = svg("text", { x: -em / 2, y: y + em / 3, "text-anchor": "end" }, level.toFixed(1));
    return [svg("path", { class: "grid", d: `M0 ${y}H${plot.width}` }), text];
  });
  const times = ticks(details.until - 3600 * details.hours, details.until, TICKS_MIN[details.hours]).flatMap((at) => {
    const x = placeOf(details, plot, at);
    const text = svg("text", { x, y: plot.height + 1.2 * em, ...centred }, clockOf(at).slice(-8, -3));
    return [svg("path", { class: "grid", d: `M${x} 0V${plot.height}` }), text];
  });
  const turned = { transform: `translate(${-2.5 * em} ${plot.height / 2}) rotate(-90)`, ...centred };
  const below = { x: plot.width / 2, y: plot.height + 2.4 * em, ...centred };
  const legend = "time (h:min), highest level of each minute; ▲ alarm, ╱ not judged";
  return [...levels, ...times, svg("text", turned, "warning level"), svg("text", below, legend)];
}

function curveOf(details, plot, em) {
  const step = plot.width / details.levels.length;
  const alarms = details.alarms.flatMap((alarm) => {
    const x = placeOf(details, plot, alarm.raised_at);
    const mark = svg("text", { x, y: -em / 4, "text-anchor": "middle" }, SHAPES.alarm);
    return [svg("path", { class: "alarm-line", d: `M${x} 0V${plot.height}` }), mark];
  });
  return [
    svg("path", { class: "unjudged", d: unjudgedPath(details.levels, step, plot.height) }),
    svg("path", { class: "line", d: levelPath(details.levels, step, plot.height) }),
    ...alarms,
  ];
}

function ticks(since, until, every_min) {
  const offset_s = 60 * new Date(1000 * since).getTimezoneOffset();
  const every_s = 60 * every_min;
  const found = [];
  for (let at = Math.ceil((since - offset_s) / every_s) * every_s + offset_s; at <= until; at += every_s)
    found.push(at);
  return found;
}

function chartWords(details) {
  const judged = details.levels.filter((level) => level !== null && level !== UNWRITTEN);
  const highest = judged.length ? `highest ${Math.max(...judged).toFixed(2)}` : "none judged";
  return `Warning level of ${details.bed} over ${details.hours} h: ${highest}, ${details.alarms.length} alarms, ${details.faults.length} faults`;
}

function faultsOf(details) {
  const rows = details.faults.map((fault) =>
    element(
      "tr",
      {},
      element("td", {}, clockOf(fault.start_at)),
      element("td", {}, fault.end_at === null ? "lasts" : span(fault.end_at - fault.start_at)),
      element("td", {}, fault.reason),
    ),
  );
  if (!rows.length) return element("p", {}, `No fault in these ${details.hours} h.`);
  const head = element(
    "tr",
    {},
    ...["Fault from", "For", "Why nothing was judged"].map((text) => element("th", { scope: "col" }, text)),
  );
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
  const button = element(
    "button",
    {
      type: "button",
      "data-act": kind,
      "data-alarms": alarm.id,
      "data-bed": alarm.bed,
      "data-row": alarm.id,
      "aria-label": `${alarm.is_false ? "Take back that the alarm is false" : "Mark as false the alarm"} of ${alarm.bed} at ${clockOf(alarm.raised_at)}`,
    },
    alarm.is_false ? "Take back" : "False …",
  );
  return element(
    "tr",
    { class: alarm.is_false ? "false" : "" },
    element("td", {}, clockOf(alarm.raised_at)),
    element("td", {}, alarm.bed),
    element("td", {}, levelText(alarm.peak)),
    element("td", {}, alarm.cleared_at === null ? "lasts" : span(alarm.cleared_at - alarm.raised_at)),
    element("td", {}, done.length ? element("ul", {}, ...done) : "▲ not acknowledged"),
    element("td", {}, alarm.is_false ? "✕ false " : "", ...(may_act ? [button] : [])),
  );
}
