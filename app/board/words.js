// Words, clocks and small pieces of the page.

// A state is told by shape and word, besides its colour; the most urgent first.
const SHAPES = { alarm: "▲", offline: "✕", fault: "▨", unknown: "?", elevated: "◆", calm: "●" };
const WORDS = {
  alarm: "ALARM",
  offline: "OFFLINE",
  fault: "FAULT",
  unknown: "NOT KNOWN",
  elevated: "elevated",
  calm: "calm",
};
const DAY_S = 86400;

function clockOf(seconds) {
  const at = new Date(1000 * seconds);
  const time = at.toLocaleTimeString("en-GB");
  const isToday = at.toDateString() === new Date().toDateString();
  return isToday ? time : `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`;
}

function two(number) {
  return String(number).padStart(2, "0");
}

function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return whole < DAY_S
    ? `${Math.floor(whole / 3600)} h ${two(Math.floor(whole / 60) % 60)} min`
    : `${Math.floor(whole / DAY_S)} d`;
}

function levelText(level) {
  return level === null || level === undefined ? "–" : level.toFixed(2);
}

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

// Texts are touched only when they change: a screen reader reads what is touched, and the eye is drawn to it.
function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

function setAttribute(target, name, value) {
  if (target.getAttribute(name) !== value) target.setAttribute(name, value);
}
