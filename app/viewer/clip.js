// The clip that is asked about: its EEG and spectrogram on the screen, its onset, and what is told in words around it.

const ONSET_STEP_S = 0.1;

function redrawClip(annotator) {
  if (annotator.isDrawing || !annotator.data) return;
  annotator.isDrawing = true;
  requestAnimationFrame(() => {
    annotator.isDrawing = false;
    drawClip(annotator);
  });
}

function drawClip(annotator) {
  const { root, pane } = annotator;
  const clip = annotator.clips.get(annotator.current);
  const colours = palette(root);
  const isShown = Boolean(clip) && !clip.problem;
  root.classList.toggle("done", annotator.current === null);
  for (const canvas of [pane.canvas, annotator.spectrogram]) canvas.style.visibility = isShown ? "" : "hidden";
  if (isShown) {
    const isReading = !isReady(annotator, clip);
    drawPane(pane, sceneOfClip(annotator, clip), clip.page, isReading, viewOfClip(annotator, clip), colours);
    drawSpectrogram(annotator.spectrogram, clip.spectrogram, clip, colours);
    if (!isReading && annotator.shown_at === null) markShown(annotator);
  }
  root.dataset.clip = isShown && isReady(annotator, clip) ? String(clip.query_id) : "";
  tellClip(annotator, clip);
  tellProgress(annotator);
  showStored(annotator);
}

// Once seen, a level cannot be unseen, whatever is hidden or undone afterwards.
function markSeen(annotator, clip, about) {
  if (!clip || !annotator.isUnblind || !about.level || annotator.seen.has(clip.query_id)) return;
  annotator.seen.add(clip.query_id);
  keepSeen(annotator.outbox, annotator.seen);
}

function markShown(annotator) {
  annotator.shown_at = performance.now();
  if (annotator.key_at !== null) annotator.root.dataset.drawnMs = String(annotator.shown_at - annotator.key_at);
}

// Nothing that others or a model said of the clip is drawn: the rater is blind.
function sceneOfClip(annotator, clip) {
  return {
    recording: { duration_s: clip.recording_s },
    seizures: [],
    alarms: [],
    faults: [],
    labels: [],
    threshold: null,
    choices: clip.choices,
    clip: { start_s: clip.start_s, end_s: clip.end_s, onset_s: annotator.onset_s },
  };
}

function viewOfClip(annotator, clip) {
  const page_s = pageSeconds(annotator.pane.settings, annotator.pane.canvas.getBoundingClientRect().width);
  const middle_s = (clip.start_s + clip.end_s) / 2;
  const begin_s = page_s >= clip.end_s - clip.start_s ? middle_s - page_s / 2 : clip.start_s;
  return Math.max(0, begin_s + annotator.look_s);
}

// Half a page to either side, as far as EEG was sent.
function lookAround(annotator, direction) {
  const clip = annotator.clips.get(annotator.current);
  if (!clip || clip.problem) return;
  const page_s = pageSeconds(annotator.pane.settings, annotator.pane.canvas.getBoundingClientRect().width);
  const here_s = viewOfClip(annotator, clip);
  const last_s = Math.max(clip.page.start_s, clip.page.end_s - page_s);
  const there_s = Math.min(Math.max(here_s + (direction * page_s) / 2, clip.page.start_s), last_s);
  annotator.look_s += there_s - here_s;
  redrawClip(annotator);
}

function clickOnset(annotator, event) {
  const { pane } = annotator;
  if (!pane.place || pane.caliper.isOn || event.offsetX < GUTTER || event.offsetX > pane.place.right) return;
  setOnset(annotator, pane.place.second(event.offsetX));
}

// An onset lies in its clip, to the millisecond, as the store keeps it.
function setOnset(annotator, second) {
  const clip = annotator.clips.get(annotator.current);
  if (!clip || clip.problem) return;
  const last_s = clip.end_s - 0.001;
  annotator.onset_s = second === null ? null : Math.round(1000 * Math.min(Math.max(second, clip.start_s), last_s)) / 1000;
  redrawClip(annotator);
}

function toggleOnset(annotator) {
  const clip = annotator.clips.get(annotator.current);
  if (clip) setOnset(annotator, annotator.onset_s === null ? (clip.start_s + clip.end_s) / 2 : null);
}

function moveOnset(annotator, key, isFar) {
  const step_s = (key === "ArrowLeft" ? -1 : 1) * (isFar ? 10 : 1) * ONSET_STEP_S;
  setOnset(annotator, annotator.onset_s + step_s);
}

function tellClip(annotator, clip) {
  const { root, data } = annotator;
  const set = (selector, text) => (root.querySelector(selector).textContent = text);
  const about = annotator.about[annotator.current] ?? {};
  const seconds = clip ? `${clip.end_s - clip.start_s} s` : "";
  set(".clip-place", clip ? `${clip.patient} · ${clock(clip.start_s)} · ${seconds}` : "");
  set(".why", clip ? `Why: ${about.why ?? "…"}` : "");
  markSeen(annotator, clip, about);
  set(".level", clip && annotator.isUnblind ? (about.level ?? "…") : "");
  set(".seen", clip && annotator.seen.has(clip.query_id) ? "not blind: written with the label" : "");
  root.querySelector(".unblind").setAttribute("aria-pressed", String(annotator.isUnblind));
  set(".onset", annotator.onset_s === null || !clip ? "" : `${(annotator.onset_s - clip.start_s).toFixed(2)} s`);
  root.querySelector(".confidence").value = annotator.confidence ?? "";
  const message = root.querySelector(".message");
  message.classList.toggle("problem", Boolean(clip?.problem));
  message.textContent = messageOf(annotator, clip, data);
  const isOff = !clip || Boolean(clip.problem);
  for (const button of root.querySelectorAll("[data-label], [data-act=onset]")) button.disabled = isOff;
  root.querySelector("[data-act=skip]").disabled = annotator.current === null;
  root.querySelector("[data-act=undo]").disabled = !annotator.history.length;
}

function messageOf(annotator, clip, data) {
  if (clip?.problem) return `${clip.problem} Skip it with S.`;
  if (annotator.current === null) return `Nothing more is asked of you, thank you. Retrain on the Models page learns from your answers; more is asked with: eegwarn query MODEL.eegwarn DATA --store ${data.place}`;
  if (!clip) return "Reading the clip …";
  const last = annotator.history.at(-1);
  if (annotator.onset_s !== null) return "Onset set: ← → move it by 0.1 s, with Shift by 1 s; O removes it; 1 labels the clip a seizure from there on.";
  return last ? `Last answer: ${last.label}. U takes it back.` : `You are ${data.rater}. What does the clip between the lines show?`;
}

function tellProgress(annotator) {
  const { root, n_answered, agreement } = annotator;
  const n_open = waiting(annotator).length;
  // The server's count does not hold what waits in the outbox.
  const n_done = n_answered + annotator.answered.size;
  const bar = root.querySelector("progress");
  [bar.max, bar.value] = [Math.max(n_done + n_open, 1), n_done];
  root.querySelector(".progress-text").textContent = `${n_done} done, ${n_open} to go`;
  root.querySelector(".agreement").textContent = agreement.length ? `Agreement: ${agreement.join("; ")}` : "";
}

// Whether all is in the store, by colour, shape and word; never silent about what is not.
function showStored(annotator) {
  const { root, outbox, problem } = annotator;
  const n_left = outbox.acts.length;
  const isLate = n_left && annotator.sent_at && performance.now() - annotator.sent_at > PATIENCE_MS - 1000;
  const reason = problem || (isLate ? "No word from the server." : "");
  const left = `${n_left} ${n_left === 1 ? "answer" : "answers"}`;
  const stored = root.querySelector(".stored");
  stored.className = `stored ${reason ? "problem" : n_left ? "pending" : ""}`;
  if (reason) stored.textContent = n_left ? `▲ ${left} NOT stored yet, kept in this browser and tried again: ${reason}` : `▲ ${reason}`;
  else stored.textContent = n_left ? `◌ storing ${left} …` : "● All answers are stored.";
  root.querySelector("[data-act=retry]").hidden = !reason;
  root.querySelector("[data-act=discard]").hidden = !(problem && n_left);
}
