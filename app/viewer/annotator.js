// The annotation page: shows the clip that is asked about, takes the answer by key, and has the next one drawn at once.

const LABEL_KEYS = { 1: "seizure", 2: "not seizure", 3: "artefact", 4: "unsure" };
const CONFIDENCE_KEYS = { 5: 0.5, 6: 0.6, 7: 0.7, 8: 0.8, 9: 0.9, 0: 1 };
const KEPT_CLIPS = 24;
const PATIENCE_MS = 4000; // without word from the server, an answer is sent again and said not to be stored
const annotators = new WeakMap();
const drafts = new Map(); // what was under way on pages that were taken down, by rater and store

function mountAnnotator(component) {
  const { data, parentElement } = component;
  if (!annotators.has(parentElement)) annotators.set(parentElement, createAnnotator(parentElement));
  const annotator = annotators.get(parentElement);
  annotator.send = (work) => component.setStateValue("work", work);
  receiveWork(annotator, data);
  return () => {
    annotator.close();
    annotators.delete(parentElement);
  };
}

function createAnnotator(parent) {
  const root = parent.querySelector(".annotator");
  const closing = new AbortController();
  const annotator = {
    root,
    spectrogram: root.querySelector(".spectrogram"),
    data: null,
    outbox: null,
    clips: new Map(), // by question
    about: {}, // why each is asked, by question
    queue: [],
    current: null,
    history: [], // labels of this visit, to be undone
    answered: new Set(),
    isUnblind: false,
    seen: new Set(), // questions of whose clips the model's level was on the screen
    n_answered: 0,
    agreement: [],
    problem: "",
    turn: 0,
    sent_at: 0, // ms, of what waits for word from the server; 0 where nothing does
    isDrawing: false,
    ...freshAnswer(),
  };
  const onDisplay = () => {
    push(annotator);
    redrawClip(annotator);
  };
  annotator.pane = createPane(root, { display: onDisplay, look: () => redrawClip(annotator) }, closing.signal);
  const listen = (target, name, handler) => target.addEventListener(name, handler, { signal: closing.signal });
  listen(document, "keydown", (event) => onAnnotatorKey(annotator, event));
  listen(root, "click", (event) => onAnnotatorClick(annotator, event));
  listen(annotator.pane.canvas, "click", (event) => clickOnset(annotator, event));
  listen(root.querySelector(".confidence"), "change", (event) => {
    annotator.confidence = event.target.value === "" ? null : Number(event.target.value);
  });
  listen(root, "transitionend", () => redrawClip(annotator));
  listen(window, "beforeunload", (event) => annotator.outbox?.acts.length && event.preventDefault());
  fillConfidence(root.querySelector(".confidence"));
  const resizing = new ResizeObserver(() => redrawClip(annotator));
  resizing.observe(annotator.pane.canvas);
  const watching = setInterval(() => watch(annotator), 1000);
  annotator.close = () => {
    if (annotator.data) drafts.set(draftName(annotator.data), draftOf(annotator));
    closing.abort();
    resizing.disconnect();
    clearInterval(watching);
  };
  return annotator;
}

function freshAnswer() {
  return { onset_s: null, confidence: null, look_s: 0, shown_at: null, key_at: null };
}

// A page may be taken down at any moment, by its reader or by Streamlit: what she set must not be gone when it is back.
function draftOf({ current, onset_s, confidence, history, clips, root }) {
  return { current, onset_s, confidence, history, clips, comment: root.querySelector(".comment").value };
}

function draftName({ rater, place }) {
  return `${rater}\n${place}`;
}

function takeUp(annotator, { comment, ...draft }) {
  Object.assign(annotator, draft);
  annotator.root.querySelector(".comment").value = comment;
}

function fillConfidence(select) {
  const shares = [null, ...Object.values(CONFIDENCE_KEYS)].sort((one, other) => one - other);
  select.replaceChildren(...shares.map((share) => new Option(share === null ? "–" : `${Math.round(100 * share)} %`, share ?? "")));
}

function receiveWork(annotator, data) {
  const isOther = annotator.data?.rater !== data.rater || annotator.data?.place !== data.place;
  if (isOther) {
    annotator.outbox = openOutbox(data.rater, data.place);
    const answered = labelledIn(annotator.outbox);
    const seen = keptSeen(annotator.outbox);
    Object.assign(annotator, { clips: new Map(), history: [], answered, seen, current: null, queue: [], sent_at: 0 });
    Object.assign(annotator, freshAnswer());
    const draft = drafts.get(draftName(data));
    if (draft) takeUp(annotator, draft);
  }
  annotator.data = data;
  annotator.sent_at = 0;
  annotator.problem = data.problem;
  confirmed(annotator.outbox, data.written);
  for (const clip of data.clips) annotator.clips.set(clip.query_id, readClip(clip));
  Object.assign(annotator.about, data.about);
  if (data.queue) {
    annotator.queue = data.queue;
    annotator.n_answered = data.n_answered;
    annotator.agreement = data.agreement;
    annotator.answered = new Set([...annotator.answered].filter((id) => annotator.queue.includes(id)));
  }
  if (annotator.current === null || !stillAsked(annotator)) showNext(annotator, null);
  else redrawClip(annotator);
  if (isOther && annotator.outbox.acts.length) push(annotator);
  else askForClips(annotator);
}

function readClip(clip) {
  if (clip.problem) return clip;
  return { ...clip, page: readPage(clip.page), spectrogram: readSpectrogram(clip.spectrogram) };
}

// A clip on the screen stays there until it is answered, whatever the server says of the queue meanwhile.
function stillAsked(annotator) {
  const { clips, answered, queue, current } = annotator;
  return !answered.has(current) && (queue.includes(current) || isReady(annotator, clips.get(current)));
}

// What is still to be answered, in the server's order; what was skipped a moment ago comes last.
function waiting(annotator) {
  const skipped = annotator.outbox.acts.filter((act) => act.action === "skip").map((act) => act.query_id);
  const open = annotator.queue.filter((id) => !annotator.answered.has(id));
  return [...open.filter((id) => !skipped.includes(id)), ...open.filter((id) => skipped.includes(id))];
}

function isReady(annotator, clip) {
  if (!clip || clip.problem) return Boolean(clip);
  return isAsChosen(clip.page.display, annotator.pane.settings, clip.choices.available);
}

function showNext(annotator, key_at) {
  const open = waiting(annotator);
  show(annotator, open.find((id) => id !== annotator.current) ?? open[0] ?? null, key_at);
}

function show(annotator, id, key_at) {
  Object.assign(annotator, freshAnswer(), { current: id, key_at });
  annotator.pane.caliper = newCaliper();
  const { root } = annotator;
  root.querySelector(".comment").value = "";
  for (const [query_id] of annotator.clips) {
    if (annotator.clips.size <= KEPT_CLIPS) break;
    if (query_id !== id) annotator.clips.delete(query_id);
  }
  redrawClip(annotator);
}

function push(annotator) {
  const { outbox, clips, pane, isUnblind } = annotator;
  const held = [...clips].filter(([, clip]) => isReady(annotator, clip) && !clip.problem).map(([id]) => id);
  annotator.turn += 1;
  annotator.sent_at = performance.now();
  const display = askedDisplay(pane.settings);
  const { rater, place } = annotator.data;
  annotator.send({ turn: annotator.turn, rater, place, acts: outbox.acts, held, display, is_unblind: isUnblind });
  showStored(annotator);
}

// Asks for what is missing of the next clips, once an answer to the last question has come.
function askForClips(annotator) {
  const ahead = waiting(annotator).slice(0, annotator.data.n_ahead);
  if (!annotator.sent_at && ahead.some((id) => !isReady(annotator, annotator.clips.get(id)))) push(annotator);
}

function watch(annotator) {
  if (!annotator.outbox?.acts.length) return;
  if (performance.now() - annotator.sent_at > PATIENCE_MS) push(annotator);
  else showStored(annotator);
}

function answer(annotator, label, key_at) {
  const clip = annotator.clips.get(annotator.current);
  if (!clip || clip.problem || !isReady(annotator, clip) || annotator.shown_at === null) return;
  const uid = put(annotator.outbox, {
    action: "label",
    clip_id: clip.clip_id,
    query_id: clip.query_id,
    label,
    confidence: annotator.confidence,
    onset_s: label === "seizure" ? annotator.onset_s : null,
    response_s: Math.max(0, Math.round(key_at - annotator.shown_at)) / 1000,
    comment: annotator.root.querySelector(".comment").value.trim(),
    display: { ...clip.page.display, sensitivity_uv_mm: annotator.pane.settings.sensitivity },
    saw_level: annotator.seen.has(clip.query_id),
  });
  annotator.history.push({ uid, query_id: clip.query_id, label });
  annotator.answered.add(clip.query_id);
  showNext(annotator, key_at);
  push(annotator);
}

function undo(annotator) {
  const last = annotator.history.pop();
  if (!last) return;
  put(annotator.outbox, { action: "undo", undoes: last.uid });
  annotator.answered.delete(last.query_id);
  if (!annotator.queue.includes(last.query_id)) annotator.queue = [last.query_id, ...annotator.queue];
  show(annotator, last.query_id, null);
  push(annotator);
}

function skip(annotator) {
  if (annotator.current === null) return;
  put(annotator.outbox, { action: "skip", query_id: annotator.current });
  showNext(annotator, performance.now());
  push(annotator);
}

function discard(annotator) {
  const [first] = annotator.outbox.acts;
  if (first?.action === "label") annotator.answered.delete(first.query_id);
  discardFirst(annotator.outbox);
  annotator.problem = "";
  push(annotator);
}

function onAnnotatorKey(annotator, event) {
  if (!annotator.data || !isOurs(annotator.root)) return;
  if (isField(event)) {
    if (["Enter", "Escape"].includes(event.key)) annotator.root.focus({ preventScroll: true });
    return;
  }
  const isUndo = event.ctrlKey && event.key === "z";
  if (isUndo ? actOnClip(annotator, "undo") : !isTyped(event) && pressed(annotator, event)) event.preventDefault();
}

// Whether the key was for this page.
function pressed(annotator, event) {
  if (event.key in LABEL_KEYS) {
    if (!event.repeat) answer(annotator, LABEL_KEYS[event.key], event.timeStamp);
    return true;
  }
  if (event.key in CONFIDENCE_KEYS) {
    annotator.confidence = CONFIDENCE_KEYS[event.key];
    redrawClip(annotator);
    return true;
  }
  if (!annotator.pane.caliper.isOn && ["ArrowLeft", "ArrowRight"].includes(event.key)) {
    if (annotator.onset_s === null) lookAround(annotator, event.key === "ArrowLeft" ? -1 : 1);
    else moveOnset(annotator, event.key, event.shiftKey);
    return true;
  }
  if (keyOnPane(annotator.pane, event)) return true;
  const acts = { o: "onset", u: "undo", s: "skip", m: "comment", b: "unblind" };
  return actOnClip(annotator, acts[event.key.toLowerCase()]);
}

function onAnnotatorClick(annotator, event) {
  const button = event.target.closest("button");
  if (!button || !annotator.data) return;
  if (button.dataset.label) answer(annotator, button.dataset.label, event.timeStamp);
  else if (button.dataset.act && !actOnPane(annotator.pane, button.dataset.act)) actOnClip(annotator, button.dataset.act);
}

function actOnClip(annotator, name) {
  const acts = {
    onset: () => toggleOnset(annotator),
    undo: () => undo(annotator),
    skip: () => skip(annotator),
    comment: () => annotator.root.querySelector(".comment").focus(),
    retry: () => push(annotator),
    discard: () => discard(annotator),
    unblind: () => {
      annotator.isUnblind = !annotator.isUnblind;
      push(annotator);
      redrawClip(annotator);
    },
  };
  acts[name]?.();
  return name in acts;
}
