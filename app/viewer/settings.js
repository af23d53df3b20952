// What the reader chose, remembered by the browser: gain, time base, calibration of the screen, montage, filters, rows.

const SENSITIVITIES = [1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500]; // µV/mm
const TIME_BASES = [7.5, 15, 30, 60, 120]; // mm/s
const PAGE_S = 10; // where no time base is chosen
const LONGEST_PAGE_S = 60;
const REMEMBERED = "eegwarn.display";
const FILTERED = ["montage", "high_pass_hz", "low_pass_hz", "notch_hz"];
const DEFAULTS = {
  sensitivity: 10,
  mm_s: null, // 10 s to the page, whatever its width
  px_mm: 96 / 25.4, // the nominal pixel of CSS, until a ruler was held to the screen
  montage: null, // null: as the model sees it
  high_pass_hz: null,
  low_pass_hz: null,
  notch_hz: null,
  rows: {}, // "dimmed" or "hidden" by name
};

function rememberedSettings() {
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem(REMEMBERED)) || {};
  } catch {
    // A browser that keeps nothing shows the defaults next time.
  }
  const settings = { ...DEFAULTS, ...kept };
  if (!SENSITIVITIES.includes(settings.sensitivity)) settings.sensitivity = DEFAULTS.sensitivity;
  if (!TIME_BASES.includes(settings.mm_s)) settings.mm_s = null;
  if (!(settings.px_mm > 1 && settings.px_mm < 40)) settings.px_mm = DEFAULTS.px_mm;
  if (typeof settings.rows !== "object" || settings.rows === null) settings.rows = {};
  return settings;
}

function remember(settings) {
  try {
    localStorage.setItem(REMEMBERED, JSON.stringify(settings));
  } catch {
    // As above.
  }
}

// What the samples have to be made with; only what was chosen.
function askedDisplay(settings) {
  return Object.fromEntries(FILTERED.filter((name) => settings[name] !== null).map((name) => [name, settings[name]]));
}

// Whether samples were made with what was chosen; a montage that the recording does not have is not waited for.
function isAsChosen(display, settings, available) {
  return FILTERED.every((name) => {
    const chosen = settings[name];
    const isOffered = name !== "montage" || !available || available.includes(chosen);
    return chosen === null || !isOffered || display?.[name] === chosen;
  });
}

function stepped(list, value, step) {
  const index = list.indexOf(value) + step;
  return list[Math.min(Math.max(index, 0), list.length - 1)];
}

function pageSeconds(settings, width) {
  if (settings.mm_s === null) return PAGE_S;
  return Math.min((width - GUTTER - MARGIN) / settings.px_mm / settings.mm_s, LONGEST_PAGE_S);
}
