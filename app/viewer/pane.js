// The pane: a canvas of EEG with the controls of how it is shown, and the caliper. It knows nothing of where EEG is from.

const RULER_PX = 300;
const ROW_STATES = ["shown", "dimmed", "hidden"];

// `on.display` is called when other samples are needed, with the time (ms) at which the reader chose them, if she did;
// `on.look` when the same are to be drawn anew.
function createPane(root, on, signal) {
  const pane = {
    root,
    on,
    canvas: root.querySelector(".traces"),
    settings: rememberedSettings(),
    caliper: newCaliper(),
    place: null,
    rows: [], // those drawn
  };
  const listen = (target, name, handler) => target.addEventListener(name, handler, { signal });
  for (const select of root.querySelectorAll("[data-choose]")) {
    listen(select, "change", (event) => choose(pane, select.dataset.choose, select.value, event.timeStamp));
  }
  const ruler = root.querySelector(".ruler-mm");
  root.querySelector(".ruler").style.width = `${RULER_PX}px`;
  ruler.value = (RULER_PX / pane.settings.px_mm).toFixed(1);
  listen(ruler, "change", () => calibrate(pane, Number(ruler.value)));
  for (const name of ["pointerdown", "pointermove", "pointerup"]) {
    listen(pane.canvas, name, (event) => {
      if (pane.place && dragCaliper(pane.caliper, event, pane.place)) on.look();
    });
  }
  listen(pane.canvas, "click", (event) => clickName(pane, event));
  return pane;
}

function choose(pane, name, value, at_ms) {
  pane.settings[name] = value === "" ? null : name === "montage" ? value : Number(value);
  remember(pane.settings);
  if (name !== "mm_s") pane.caliper = newCaliper();
  pane.on.display(at_ms);
}

function calibrate(pane, mm) {
  if (!(mm >= 10 && mm <= 300)) return;
  pane.settings.px_mm = RULER_PX / mm;
  remember(pane.settings);
  pane.on.display();
}

function actOnPane(pane, name) {
  if (name === "larger" || name === "smaller") {
    pane.settings.sensitivity = stepped(SENSITIVITIES, pane.settings.sensitivity, name === "larger" ? -1 : 1);
    remember(pane.settings);
  } else if (name === "caliper") {
    if (pane.place) toggleCaliper(pane.caliper, pane.place, pane.settings.px_mm);
  } else return false;
  pane.on.look();
  return true;
}

// Keys of the pane; with the caliper on, the arrows are its.
function keyOnPane(pane, event) {
  if (pane.caliper.isOn && event.key.startsWith("Arrow")) {
    moveCaliper(pane.caliper, event.key, event.shiftKey);
    pane.on.look();
    return true;
  }
  if (event.key === "Escape" && pane.caliper.isOn) return actOnPane(pane, "caliper");
  const acts = { ArrowUp: "larger", ArrowDown: "smaller", c: "caliper", C: "caliper" };
  return event.key in acts && actOnPane(pane, acts[event.key]);
}

// A key belongs to the page unless it is typed into a field, or turns the choices of one.
function isTyped(event) {
  return isField(event) || event.ctrlKey || event.metaKey || event.altKey;
}

function isField(event) {
  return ["INPUT", "SELECT", "TEXTAREA"].includes(event.composedPath()[0].tagName);
}

function clickName(pane, event) {
  if (event.offsetX >= GUTTER || !pane.place) return;
  const number = Math.floor((event.offsetY - TOP) / pane.place.rowHeight);
  const row = pane.rows[number];
  if (row) turnRow(pane, row.name);
}

function turnRow(pane, name) {
  const state = ROW_STATES[(ROW_STATES.indexOf(pane.settings.rows[name] ?? "shown") + 1) % ROW_STATES.length];
  if (state === "shown") delete pane.settings.rows[name];
  else pane.settings.rows[name] = state;
  remember(pane.settings);
  pane.on.look();
}

function drawPane(pane, scene, buffer, isReading, view_s, colours) {
  const { settings } = pane;
  const rows = (pane.rows = shownRows(buffer, settings));
  pane.place = drawTraces(pane.canvas, scene, { buffer, rows, isReading, view_s, settings }, colours);
  drawCaliper(pane.canvas.getContext("2d"), pane.caliper, pane.place, colours);
  showControls(pane, scene.choices, buffer);
}

function showControls(pane, choices, buffer) {
  const { root, settings, caliper } = pane;
  const display = buffer?.display ?? {};
  root.querySelector(".sensitivity-text").textContent = `${settings.sensitivity} µV/mm`;
  root.querySelector("[data-act=caliper]").setAttribute("aria-pressed", String(caliper.isOn));
  const reading = caliper.box && measured(caliper, pane.place);
  root.querySelector(".measured").textContent = reading ? measuredInWords(reading) : "";
  pane.canvas.dataset.caliper = JSON.stringify(reading);
  const hz = (value) => (value ? `${value} Hz` : "off");
  const offer = (name, words, off = () => false) => {
    const offered = choices?.[name] ?? [];
    const isOffered = offered.includes(settings[name]) && !off(settings[name]);
    const value = isOffered ? settings[name] : (display[name] ?? undefined);
    offerChoices(root, name, value, offered, words, off);
  };
  offer("montage", (name) => name, (name) => !(choices?.available ?? [name]).includes(name));
  for (const name of ["high_pass_hz", "low_pass_hz", "notch_hz"]) offer(name, hz);
  const fit = `${PAGE_S} s/page`;
  offerChoices(root, "mm_s", settings.mm_s ?? "", ["", ...TIME_BASES], (value) => (value === "" ? fit : `${value} mm/s`));
  showRows(pane, buffer?.channels ?? []);
}

// Fills a list of choices when it differs from what is there: a list that is open must not be closed under the reader.
function offerChoices(root, name, value, offered, words, off = () => false) {
  const select = root.querySelector(`[data-choose=${name}]`);
  select.closest("label").hidden = !offered.length;
  const all = value === undefined || offered.includes(value) ? offered : [value, ...offered];
  const described = JSON.stringify(all.map((one) => [one, off(one)]));
  if (select.dataset.offered !== described) {
    select.dataset.offered = described;
    select.replaceChildren(...all.map((one) => {
      const option = new Option(words(one), String(one));
      option.disabled = off(one);
      return option;
    }));
  }
  if (value !== undefined) select.value = String(value);
}

function showRows(pane, channels) {
  const drawer = pane.root.querySelector(".rows .drawer");
  const described = JSON.stringify(channels.map(({ name }) => [name, pane.settings.rows[name]]));
  if (drawer.dataset.offered === described) return;
  drawer.dataset.offered = described;
  const focused = drawer.getRootNode().activeElement?.dataset?.row;
  drawer.replaceChildren(...channels.map(({ name }) => {
    const state = pane.settings.rows[name] ?? "shown";
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.row = name;
    button.className = state;
    button.textContent = state === "shown" ? name : `${name} ${state}`;
    button.setAttribute("aria-label", `${name}: ${state}`);
    button.addEventListener("click", () => turnRow(pane, name));
    return button;
  }));
  drawer.querySelector(`[data-row="${focused}"]`)?.focus();
}
