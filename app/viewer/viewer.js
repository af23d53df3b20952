// The viewer: holds the place in the recording, answers keys and clicks at once, and asks for EEG ahead of the reader.

const KEPT_BUFFERS = 8;
const ANSWER_TIMEOUT_MS = 3000;
const viewers = new WeakMap();

function mountViewer(component) {
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
  const closing = new AbortController();
  const viewer = {
    root,
    overview: root.querySelector(".overview"),
    scene: null,
    buffers: [],
    view_s: 0,
    asked: null, // the question that waits for its answer
    lastQuestion: "",
    isWeighing: false,
    isDrawing: false,
    acted_at: null, // ms, of what was last pressed or chosen and is not drawn yet
    receive: (data) => receive(viewer, data),
  };
  const onDisplay = (at_ms) => viewer.scene && go(viewer, viewer.view_s, at_ms);
  viewer.pane = createPane(root, { display: onDisplay, look: () => redraw(viewer) }, closing.signal);
  const listen = (target, name, handler) => target.addEventListener(name, handler, { signal: closing.signal });
  listen(document, "keydown", (event) => onKey(viewer, event));
  listen(viewer.overview, "click", (event) => {
    const place = overviewPlace(viewer.overview.getBoundingClientRect().width, viewer.scene.recording.duration_s);
    go(viewer, place.second(event.offsetX) - pageOf(viewer) / 2, event.timeStamp);
    root.focus({ preventScroll: true });
  });
  listen(root, "click", (event) => act(viewer, event.target.dataset.act, event.timeStamp));
  listen(root, "transitionend", () => redraw(viewer));
  const resizing = new ResizeObserver(() => viewer.scene && go(viewer, viewer.view_s));
  resizing.observe(viewer.pane.canvas);
  viewer.close = () => {
    closing.abort();
    resizing.disconnect();
  };
  return viewer;
}

function pageOf(viewer) {
  return pageSeconds(viewer.pane.settings, viewer.pane.canvas.getBoundingClientRect().width);
}

function receive(viewer, data) {
  const isFirst = viewer.scene === null;
  const isNewVisit = isFirst || viewer.scene.visit !== data.visit;
  if (isFirst || viewer.scene.recording.key !== data.recording.key) viewer.buffers = [];
  viewer.scene = { ...data, levels: data.levels && decode(data.levels, Uint8Array) };
  viewer.buffers = [...viewer.buffers.slice(1 - KEPT_BUFFERS), readPage(data.page)];
  viewer.asked = null;
  if (isNewVisit) viewer.view_s = withinRecording(viewer, data.start_s);
  if (isNewVisit && !isFirst) viewer.root.focus({ preventScroll: true });
  askAhead(viewer);
  redraw(viewer);
}

function readPage(page) {
  const end_s = page.start_s + page.n_times / page.sfreq;
  return { ...page, samples: decode(page.samples, Int16Array), end_s };
}

function decode(text, Type) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let k = 0; k < letters.length; k++) bytes[k] = letters.charCodeAt(k);
  return new Type(bytes.buffer);
}

function withinRecording(viewer, second) {
  return Math.min(Math.max(second, 0), Math.max(viewer.scene.recording.duration_s - pageOf(viewer), 0));
}

// `at_ms` is when the reader asked for it, if it was her.
function go(viewer, second, at_ms = null) {
  viewer.acted_at = at_ms ?? viewer.acted_at;
  const view_s = withinRecording(viewer, second);
  if (view_s !== viewer.view_s && viewer.pane.caliper.isOn) viewer.pane.caliper = newCaliper();
  viewer.view_s = view_s;
  askAhead(viewer);
  redraw(viewer);
}

function bufferFor(viewer, from_s, to_s) {
  const end_s = Math.min(to_s, viewer.scene.recording.duration_s);
  const slack_s = 0.02; // buffers begin and end on samples, not on round seconds
  const { settings } = viewer.pane;
  const fits = (buffer) =>
    buffer.start_s <= Math.max(from_s, 0) + slack_s &&
    buffer.end_s >= end_s - slack_s &&
    isAsChosen(buffer.display, settings, viewer.scene.choices?.available);
  return viewer.buffers.findLast(fits);
}

// The weights of this page; null while they are on their way, or not asked for.
function weightsOf({ isWeighing, scene, view_s }) {
  return isWeighing && scene.weights && Math.abs(scene.weights.view_s - view_s) < 1e-6 ? scene.weights : null;
}

function weigh(viewer) {
  viewer.isWeighing = !viewer.isWeighing;
  viewer.root.querySelector(".weigh").setAttribute("aria-pressed", String(viewer.isWeighing));
  askAhead(viewer);
  redraw(viewer);
}

// One question at a time: the newest place is asked for when the answer to the last one is here. What was answered and
// still does not fit, such as a page at the edge of what can be sent, is not asked again.
function askAhead(viewer) {
  const page_s = pageOf(viewer);
  const hasAll = !viewer.isWeighing || weightsOf(viewer);
  if (hasAll && bufferFor(viewer, viewer.view_s - page_s, viewer.view_s + 2 * page_s)) return;
  const now = performance.now();
  if (viewer.asked && now - viewer.asked.at_ms < ANSWER_TIMEOUT_MS) return;
  const display = askedDisplay(viewer.pane.settings);
  const question = { visit: viewer.scene.visit, start_s: viewer.view_s, page_s, display, weighs: viewer.isWeighing };
  if (viewer.lastQuestion === JSON.stringify(question) && !viewer.asked) return;
  viewer.lastQuestion = JSON.stringify(question);
  viewer.asked = { at_ms: now };
  viewer.ask(question);
}

function onKey(viewer, event) {
  if (!viewer.scene || !isOurs(viewer.root) || isTyped(event)) return;
  if (keyOnPane(viewer.pane, event)) {
    event.preventDefault();
    return;
  }
  const half = event.shiftKey ? "half-" : "";
  const acts = {
    ArrowRight: `${half}page-on`,
    ArrowLeft: `${half}page-back`,
    PageDown: "page-on",
    PageUp: "page-back",
    Home: "first",
    End: "last",
    n: "next-event",
    p: "previous-event",
    w: "weigh",
  };
  const name = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!name) return;
  event.preventDefault();
  act(viewer, name, event.timeStamp);
}

// Whether a key pressed now is meant for what is in `root`: links and buttons elsewhere make no use of our keys.
function isOurs(root) {
  const focus = document.activeElement;
  const isWithin = focus === root.getRootNode().host || root.contains(focus);
  return isWithin || focus === document.body || focus.matches("a, button");
}

function act(viewer, name, at_ms) {
  if (!viewer.scene || !name || actOnPane(viewer.pane, name)) return;
  const { duration_s } = viewer.scene.recording;
  const page_s = pageOf(viewer);
  const turns = { "page-on": 1, "page-back": -1, "half-page-on": 0.5, "half-page-back": -0.5 };
  if (name === "weigh") weigh(viewer);
  else if (name in turns) go(viewer, viewer.view_s + turns[name] * page_s, at_ms);
  else if (name === "first") go(viewer, 0, at_ms);
  else if (name === "last") go(viewer, duration_s, at_ms);
  else goToEvent(viewer, name === "next-event" ? 1 : -1, at_ms);
}

// An event is shown with 3 s of what came before it.
function goToEvent(viewer, direction, at_ms) {
  const events = [...viewer.scene.alarms, ...viewer.scene.seizures];
  const places = events.map((event) => withinRecording(viewer, event.start_s - 3)).sort((one, other) => one - other);
  const isBeyond = (place) => direction * (place - viewer.view_s) > 0.5;
  const target = direction > 0 ? places.find(isBeyond) : places.findLast(isBeyond);
  if (target !== undefined) go(viewer, target, at_ms);
}

function redraw(viewer) {
  if (viewer.isDrawing || !viewer.scene) return;
  viewer.isDrawing = true;
  requestAnimationFrame(() => {
    viewer.isDrawing = false;
    const { scene, view_s, root } = viewer;
    const page_s = pageOf(viewer);
    const buffer = bufferFor(viewer, view_s, view_s + page_s);
    const colours = palette(viewer.root);
    drawOverview(viewer.overview, scene, view_s, page_s, colours);
    const weights = weightsOf(viewer);
    const shown = { ...scene, weights: weights?.problem ? null : weights };
    drawPane(viewer.pane, shown, buffer ?? viewer.buffers.at(-1), !buffer, view_s, colours);
    root.querySelector(".reasons").hidden = !viewer.isWeighing;
    if (viewer.isWeighing) showReasons(root.querySelector(".weights"), weights, clock);
    showWords(viewer, buffer, view_s + page_s);
    if (buffer) markDrawn(viewer);
  });
}

// How long the reader waited for what is now on the screen.
function markDrawn(viewer) {
  if (viewer.acted_at !== null) viewer.root.dataset.drawnMs = String(performance.now() - viewer.acted_at);
  viewer.acted_at = null;
}

function showWords(viewer, buffer, page_end_s) {
  const { scene, view_s, root } = viewer;
  const end_s = Math.min(page_end_s, scene.recording.duration_s);
  const place = root.querySelector(".place");
  const total = document.createElement("small");
  total.textContent = ` of ${clock(scene.recording.duration_s)}`;
  place.replaceChildren(`${clock(view_s)} – ${clock(end_s)}`, total);
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
