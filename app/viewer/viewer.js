// The viewer: holds the place and the sensitivity, answers keys and clicks at once, and asks for EEG ahead of the reader.

const SENSITIVITIES = [1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500]; // µV/mm
const DEFAULT_SENSITIVITY = 10;
const REMEMBERED = "eegwarn.sensitivity";
const KEPT_BUFFERS = 8;
const ANSWER_TIMEOUT_MS = 3000;
const viewers = new WeakMap();

export default function (component) {
  const { data, parentElement } = component;
  if (!viewers.has(parentElement)) viewers.set(parentElement, createViewer(parentElement));
  const viewer = viewers.get(parentElement);
  viewer.ask = (question) => component.setStateValue("ask", question);
  viewer.receive(data);
  return () => {
    viewer.close();
    viewers.delete(parentElement);
  };
}

function createViewer(parent) {
  const root = parent.querySelector(".viewer");
  const viewer = {
    root,
    overview: root.querySelector(".overview"),
    traces: root.querySelector(".traces"),
    scene: null,
    buffers: [],
    view_s: 0,
    sensitivity: rememberedSensitivity(),
    asked_at: 0, // ms, of the question that waits for its answer; 0 where none does
    isDrawing: false,
    receive: (data) => receive(viewer, data),
  };
  const closing = new AbortController();
  const listen = (target, name, handler) => target.addEventListener(name, handler, { signal: closing.signal });
  listen(document, "keydown", (event) => onKey(viewer, event));
  listen(viewer.overview, "click", (event) => {
    const place = overviewPlace(viewer.overview.getBoundingClientRect().width, viewer.scene.recording.duration_s);
    go(viewer, place.second(event.offsetX) - viewer.scene.recording.page_s / 2);
    root.focus({ preventScroll: true });
  });
  listen(root, "click", (event) => act(viewer, event.target.dataset.act));
  listen(root, "transitionend", () => redraw(viewer));
  const resizing = new ResizeObserver(() => redraw(viewer));
  resizing.observe(viewer.traces);
  viewer.close = () => {
    closing.abort();
    resizing.disconnect();
  };
  return viewer;
}

function receive(viewer, data) {
  const isFirst = viewer.scene === null;
  const isNewVisit = isFirst || viewer.scene.visit !== data.visit;
  if (isFirst || viewer.scene.recording.key !== data.recording.key) viewer.buffers = [];
  viewer.scene = { ...data, levels: data.levels && decode(data.levels, Uint8Array) };
  viewer.buffers = viewer.buffers.filter((buffer) => buffer.start_s !== data.page.start_s).slice(1 - KEPT_BUFFERS);
  viewer.buffers.push({
    ...data.page,
    samples: decode(data.page.samples, Int16Array),
    end_s: data.page.start_s + data.page.n_times / data.page.sfreq,
  });
  viewer.asked_at = 0;
  if (isNewVisit) viewer.view_s = withinRecording(viewer, data.start_s);
  if (isNewVisit && !isFirst) viewer.root.focus({ preventScroll: true });
  askAhead(viewer);
  redraw(viewer);
}

function decode(text, Type) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let k = 0; k < letters.length; k++) bytes[k] = letters.charCodeAt(k);
  return new Type(bytes.buffer);
}

function withinRecording(viewer, second) {
  const { duration_s, page_s } = viewer.scene.recording;
  return Math.min(Math.max(second, 0), Math.max(duration_s - page_s, 0));
}

function go(viewer, second) {
  viewer.view_s = withinRecording(viewer, second);
  askAhead(viewer);
  redraw(viewer);
}

function bufferFor(viewer, from_s, to_s) {
  const end_s = Math.min(to_s, viewer.scene.recording.duration_s);
  const slack_s = 0.02; // buffers begin and end on samples, not on round seconds
  const covers = (buffer) =>
    buffer.start_s <= Math.max(from_s, 0) + slack_s && buffer.end_s >= end_s - slack_s;
  return viewer.buffers.findLast(covers);
}

// One question at a time: the newest place is asked for when the answer to the last one is here.
function askAhead(viewer) {
  const { page_s } = viewer.scene.recording;
  if (bufferFor(viewer, viewer.view_s - page_s, viewer.view_s + 2 * page_s)) return;
  const now = performance.now();
  if (viewer.asked_at && now - viewer.asked_at < ANSWER_TIMEOUT_MS) return;
  viewer.asked_at = now;
  viewer.ask({ visit: viewer.scene.visit, start_s: viewer.view_s });
}

function onKey(viewer, event) {
  const focus = document.activeElement;
  const isOurs = focus === document.body || focus === viewer.root.getRootNode().host || viewer.root.contains(focus);
  if (!viewer.scene || !isOurs || event.ctrlKey || event.metaKey || event.altKey) return;
  const half = event.shiftKey ? "half-" : "";
  const acts = {
    ArrowRight: `${half}page-on`,
    ArrowLeft: `${half}page-back`,
    PageDown: "page-on",
    PageUp: "page-back",
    ArrowUp: "larger",
    ArrowDown: "smaller",
    Home: "first",
    End: "last",
    n: "next-event",
    p: "previous-event",
  };
  const name = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!name) return;
  event.preventDefault();
  act(viewer, name);
}

function act(viewer, name) {
  if (!viewer.scene || !name) return;
  const { page_s, duration_s } = viewer.scene.recording;
  const turns = { "page-on": 1, "page-back": -1, "half-page-on": 0.5, "half-page-back": -0.5 };
  if (name in turns) go(viewer, viewer.view_s + turns[name] * page_s);
  else if (name === "first") go(viewer, 0);
  else if (name === "last") go(viewer, duration_s);
  else if (name === "larger" || name === "smaller") setSensitivity(viewer, name === "larger" ? -1 : 1);
  else goToEvent(viewer, name === "next-event" ? 1 : -1);
}

// An event is shown with 3 s of what came before it.
function goToEvent(viewer, direction) {
  const events = [...viewer.scene.alarms, ...viewer.scene.seizures];
  const places = events.map((event) => withinRecording(viewer, event.start_s - 3)).sort((one, other) => one - other);
  const isBeyond = (place) => direction * (place - viewer.view_s) > 0.5;
  const target = direction > 0 ? places.find(isBeyond) : places.findLast(isBeyond);
  if (target !== undefined) go(viewer, target);
}

function setSensitivity(viewer, step) {
  const index = SENSITIVITIES.indexOf(viewer.sensitivity) + step;
  viewer.sensitivity = SENSITIVITIES[Math.min(Math.max(index, 0), SENSITIVITIES.length - 1)];
  try {
    localStorage.setItem(REMEMBERED, String(viewer.sensitivity));
  } catch {
    // A browser that keeps nothing shows the default next time.
  }
  redraw(viewer);
}

function rememberedSensitivity() {
  try {
    const remembered = Number(localStorage.getItem(REMEMBERED));
    if (SENSITIVITIES.includes(remembered)) return remembered;
  } catch {
    // As above.
  }
  return DEFAULT_SENSITIVITY;
}

function redraw(viewer) {
  if (viewer.isDrawing || !viewer.scene) return;
  viewer.isDrawing = true;
  requestAnimationFrame(() => {
    viewer.isDrawing = false;
    const { scene, view_s, sensitivity } = viewer;
    const buffer = bufferFor(viewer, view_s, view_s + scene.recording.page_s);
    const colours = palette(viewer.root);
    drawOverview(viewer.overview, scene, view_s, colours);
    drawTraces(viewer.traces, scene, buffer, view_s, sensitivity, colours);
    showWords(viewer, buffer);
  });
}

function showWords(viewer, buffer) {
  const { scene, view_s, root } = viewer;
  const end_s = Math.min(view_s + scene.recording.page_s, scene.recording.duration_s);
  const place = root.querySelector(".place");
  const total = document.createElement("small");
  total.textContent = ` of ${clock(scene.recording.duration_s)}`;
  place.replaceChildren(`${clock(view_s)} – ${clock(end_s)}`, total);
  root.querySelector(".sensitivity-text").textContent = `${viewer.sensitivity} µV/mm`;
  root.querySelector(".state").replaceChildren(...stateOfPage(scene, buffer, view_s, end_s));
}

// The state of the page by colour, shape and word.
function stateOfPage(scene, buffer, view_s, end_s) {
  if (scene.threshold === null || !buffer) return [];
  const overlaps = (event) => event.start_s < end_s && event.end_s > view_s;
  const levels = buffer.level.filter((value, k) => value !== null && buffer.level_time_s[k] >= view_s && buffer.level_time_s[k] < end_s);
  const highest = levels.length ? Math.max(...levels) : null;
  const states = [];
  if (scene.alarms.some(overlaps)) states.push(["alarm", "▲ ALARM"]);
  else if (highest !== null && highest >= scene.threshold) states.push(["elevated", "◆ elevated"]);
  if (scene.faults.some(overlaps) || highest === null) states.push(["fault", "▨ FAULT"]);
  if (!states.length) states.push(["calm", "● calm"]);
  const words = states.map(([kind, text]) => {
    const word = document.createElement("b");
    word.className = kind;
    word.textContent = text;
    return word;
  });
  return [...words, highest === null ? "not judged" : `warning level up to ${highest.toFixed(2)}`];
}
