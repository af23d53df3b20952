// The EEG of a bed as it comes. What is on the screen grows old by itself: when nothing new comes it says so, big.

const lives = new WeakMap();
const STATES = {
  alarm: ["alarm", "▲ ALARM"],
  offline: ["fault", "✕ OFFLINE"],
  fault: ["fault", "▨ FAULT"],
  elevated: ["elevated", "◆ elevated"],
  calm: ["calm", "● calm"],
};

function mountLive(component) {
  const { data, parentElement } = component;
  if (!lives.has(parentElement)) lives.set(parentElement, createLive(parentElement));
  const live = lives.get(parentElement);
  live.ask = (question) => component.setStateValue("ask", question);
  live.leave = () => component.setTriggerValue("close", true);
  receiveLive(live, data);
  return () => {
    live.close();
    lives.delete(parentElement);
  };
}

function createLive(parent) {
  const root = parent.querySelector(".live");
  const closing = new AbortController();
  const live = { root, scene: null, received_ms: 0, visit: 0, moment: "", question: "", isDrawing: false };
  const reasons = root.querySelector(".reasons");
  live.spectrogram = root.querySelector(".spectrogram");
  live.pane = createPane(root, { display: () => askLive(live), look: () => redrawLive(live) }, closing.signal);
  const listen = (target, name, handler) => target.addEventListener(name, handler, { signal: closing.signal });
  listen(document, "keydown", (event) => {
    if (live.scene?.page && isOurs(root) && !isTyped(event) && keyOnPane(live.pane, event)) event.preventDefault();
  });
  listen(root, "click", (event) => onLiveClick(live, event.target.closest("button")?.dataset));
  listen(root, "transitionend", () => redrawLive(live));
  listen(reasons, "toggle", () => askLive(live));
  const resizing = new ResizeObserver(() => askLive(live));
  resizing.observe(live.pane.canvas);
  const aging = setInterval(() => redrawLive(live), 1000);
  live.close = () => {
    closing.abort();
    resizing.disconnect();
    clearInterval(aging);
  };
  return live;
}

function receiveLive(live, data) {
  const isOther = live.scene?.bed !== data.bed;
  if (isOther) live.pane.caliper = newCaliper();
  const page = data.page && readPage(data.page);
  live.scene = { ...data, page, spectrogram: data.spectrogram && readSpectrogram(data.spectrogram) };
  live.received_ms = Date.now();
  if (data.visit && data.visit !== live.visit) {
    live.root.scrollIntoView({ block: "nearest" });
    live.root.focus({ preventScroll: true });
  }
  live.visit = data.visit;
  askLive(live);
  redrawLive(live);
}

// Asks only when something else is wanted: the page comes anew by itself.
function askLive(live) {
  if (!live.scene) return;
  const { pane, root, moment } = live;
  const page_s = pageSeconds(pane.settings, pane.canvas.getBoundingClientRect().width);
  const has_reasons = root.querySelector(".reasons").open;
  const question = { page_s: Math.ceil(page_s), display: askedDisplay(pane.settings), has_reasons, moment };
  const isAsked = JSON.stringify(question) === live.question;
  live.question = JSON.stringify(question);
  if (!isAsked) live.ask(question);
}

function onLiveClick(live, wanted) {
  if (!wanted) return;
  if (wanted.act === "close") live.leave();
  else if (wanted.moment) {
    live.moment = wanted.moment;
    askLive(live);
  } else if (wanted.act) actOnPane(live.pane, wanted.act);
}

function redrawLive(live) {
  if (live.isDrawing || !live.scene) return;
  live.isDrawing = true;
  requestAnimationFrame(() => {
    live.isDrawing = false;
    drawLive(live);
  });
}

function drawLive(live) {
  const { root, scene, pane } = live;
  const { page, spectrogram } = scene;
  const age_s = page ? scene.at - scene.until + (Date.now() - live.received_ms) / 1000 : null;
  const isOld = age_s !== null && age_s > scene.old_after_s;
  const colours = palette(root);
  root.classList.toggle("old", isOld);
  root.classList.toggle("empty", !page);
  if (page) {
    const page_s = pageSeconds(pane.settings, pane.canvas.getBoundingClientRect().width);
    const view_s = page.end_s - page_s;
    // Beside the names stand only weights of what is in sight.
    const isInSight = root.querySelector(".reasons").open && scene.reasons?.end_s > view_s;
    const weights = isInSight ? scene.reasons : null;
    drawPane(pane, { ...scene, ...NOTHING_MARKED, weights, clock: timeOfDay }, page, false, view_s, colours);
    drawSpectrogram(live.spectrogram, spectrogram, { start_s: view_s, end_s: page.end_s }, colours, timeOfDay);
  }
  pane.canvas.dataset.age = age_s === null ? "" : age_s.toFixed(1);
  tellLive(live, age_s, isOld);
}

const NOTHING_MARKED = { seizures: [], labels: [], corrections: [] };

function timeOfDay(seconds) {
  return new Date(1000 * seconds).toLocaleTimeString("en-GB");
}

function tellLive(live, age_s, isOld) {
  const { root, scene } = live;
  const set = (selector, text) => {
    const target = root.querySelector(selector);
    if (target.textContent !== text) target.textContent = text;
  };
  set(".bed", scene.bed);
  set(".note", scene.note);
  const day = scene.page && new Date(1000 * scene.page.end_s);
  const date = day && day.toDateString() !== new Date().toDateString() ? `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, "0")}-${String(day.getDate()).padStart(2, "0")} ` : "";
  const played = scene.is_played ? " · a recording that is played" : "";
  set(".until", scene.page ? `EEG until ${date}${timeOfDay(scene.page.end_s)}${played}` : "");
  set(".stamp", stampOf(scene, age_s, isOld));
  root.querySelector(".stamp").hidden = !stampOf(scene, age_s, isOld);
  const isCut = (Date.now() - live.received_ms) / 1000 > scene.old_after_s;
  showState(root.querySelector(".state"), scene, isOld || isCut);
  const reasons = root.querySelector(".reasons");
  reasons.hidden = !scene.page;
  for (const button of reasons.querySelectorAll("[data-moment]")) {
    button.setAttribute("aria-pressed", String(scene.reasons?.moment === button.dataset.moment));
    button.disabled = button.dataset.moment === "alarm" && scene.reasons?.alarm_s === null;
  }
  if (reasons.open) showReasons(root.querySelector(".weights"), scene.reasons, timeOfDay);
}

// What must not be overlooked, in big words over the EEG.
function stampOf(scene, age_s, isOld) {
  const why = scene.has_ended ? scene.reason : "no sign of life of its monitor";
  const offline = scene.is_offline ? `✕ OFFLINE${scene.has_ended ? `: ${why}` : ""} · ` : "";
  const fault = scene.is_at_fault ? `▨ FAULT: ${scene.reason || "nothing can be judged"}` : "";
  if (scene.problem) return `${offline}${fault && `${fault} · `}${scene.problem}`;
  if (isOld) return `${offline}OLD EEG: it ended ${ageInWords(age_s)} ago`;
  return scene.is_offline ? `✕ OFFLINE: ${why}` : fault;
}

function ageInWords(age_s) {
  if (age_s < 120) return `${Math.floor(age_s)} s`;
  return age_s < 7200 ? `${Math.floor(age_s / 60)} min` : `${Math.floor(age_s / 3600)} h`;
}

// An alarm that waits for somebody stays one; where EEG or word of the bed is old, nothing else is known.
function showState(target, scene, isOld) {
  const isKnown = scene.state === "alarm" || !(isOld || scene.is_offline);
  const [kind, text] = isKnown ? STATES[scene.state] : scene.is_offline ? STATES.offline : ["fault", "? NOT KNOWN"];
  if (target.dataset.state === text) return;
  target.dataset.state = text;
  const word = document.createElement("b");
  [word.className, word.textContent] = [kind, text];
  target.replaceChildren(word);
}
