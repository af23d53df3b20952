// The board: takes what the server read from the store, and grows old by itself when nothing comes any more.

const OLD_AFTER_S = 10;
const boards = new WeakMap();

export default function (component) {
  const { data, parentElement } = component;
  if (!boards.has(parentElement)) boards.set(parentElement, createBoard(parentElement));
  const board = boards.get(parentElement);
  board.send = (act) => component.setTriggerValue("act", act);
  board.open = (opened) => component.setStateValue("opened", opened);
  receive(board, data);
  return () => {
    board.close();
    boards.delete(parentElement);
  };
}

function createBoard(parent) {
  const root = parent.querySelector(".board");
  const board = {
    root,
    tiles: new Map(),
    scene: null,
    received_ms: 0,
    trouble: "",
    refused: "",
    sound: createSound(),
  };
  const closing = new AbortController();
  const listen = (target, name, handler) => target.addEventListener(name, handler, { signal: closing.signal });
  listen(root, "click", (event) => onClick(board, event.target.closest("[data-act]")?.dataset));
  listenForReason(root, (act) => board.send(act), closing.signal);
  for (const name of ["pointerdown", "keydown"]) listen(document, name, () => unlock(board.sound));
  const timer = setInterval(() => tick(board), 1000);
  board.close = () => {
    closing.abort();
    clearInterval(timer);
    board.sound.context?.close();
  };
  unlock(board.sound);
  return board;
}

function receive(board, data) {
  board.received_ms = Date.now();
  board.trouble = data.trouble ?? "";
  board.refused = data.refused ?? "";
  // While the store cannot be read the beds that were shown stay, as beds of which nothing is known.
  if (!board.trouble) {
    board.scene = data;
    board.clock_ms = Date.now();
  }
  tick(board);
}

function tick(board) {
  const { root, scene, sound } = board;
  const age_s = (Date.now() - board.received_ms) / 1000;
  const isCut = age_s > OLD_AFTER_S;
  showNotice(
    root.querySelector(".notice"),
    isCut
      ? `No word from the dashboard for ${span(age_s)}. What is shown is old; this page tries again by itself.`
      : board.trouble || board.refused,
  );
  if (scene?.tiles) drawScene(board, isCut || Boolean(board.trouble));
  hear(sound, soundsOf(board, isCut));
  const state = soundState(sound);
  setText(root.querySelector(".sound-words"), soundWords(state));
  setText(root.querySelector(".sound"), state === "off" ? "Turn sound on" : "Turn sound off");
  root.dataset.sound = state;
  root.dataset.played = sound.n_played;
}

function soundsOf(board, isCut) {
  const sounds = (board.scene?.tiles ?? []).map((bed) => bed.sound);
  return isCut || board.trouble ? [...sounds, "trouble"] : sounds;
}

function showNotice(notice, text) {
  notice.hidden = !text;
  setText(notice, text);
}

function drawScene(board, isOld) {
  const { root, scene, tiles } = board;
  const now_s = scene.at + (Date.now() - board.clock_ms) / 1000;
  const list = root.querySelector(".tiles");
  const names = scene.tiles.map((bed) => bed.bed);
  if (names.join("\n") !== [...tiles.keys()].join("\n")) {
    board.tiles = new Map(names.map((name) => [name, tiles.get(name) ?? createTile(name)]));
    list.replaceChildren(...board.tiles.values());
  }
  for (const bed of scene.tiles) drawTile(board.tiles.get(bed.bed), bed, scene, isOld, now_s);
  setText(root.querySelector(".summary"), summaryOf(scene, isOld, now_s));
  const aside = root.querySelector(".aside");
  aside.hidden = !scene.aside.length;
  setText(aside, `No sign of life for more than a day, not shown above: ${scene.aside.join(", ")}.`);
}

function summaryOf(scene, isOld, now_s) {
  const counts = {};
  for (const bed of scene.tiles) {
    const state = stateNow(bed, scene, isOld, now_s);
    counts[state] = (counts[state] ?? 0) + 1;
  }
  const words = Object.keys(WORDS)
    .filter((state) => counts[state])
    .map((state) => `${counts[state]} ${SHAPES[state]} ${WORDS[state]}`);
  return words.length ? `${words.join(" · ")} · offline after ${scene.offline_after_s} s of silence` : "";
}

function onClick(board, wanted) {
  if (!wanted) return;
  const { act, bed, alarms } = wanted;
  if (act === "sound") switchSound(board.sound, !board.sound.isOn);
  else if (act === "test") testSound(board.sound);
  else if (act === "open") board.open({ bed, at_ms: Date.now() });
  else if (act === "mark_false") askWhy(board.root, wanted);
  else if (act === "silence_fault") board.send({ kind: act, alarms: [], bed });
  else board.send({ kind: act, alarms: numbers(alarms) });
  tick(board);
}

function testSound(sound) {
  switchSound(sound, true);
  sound.context?.resume().then(() => play(sound, "alarm"));
}
