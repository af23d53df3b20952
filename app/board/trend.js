// Warning levels minute by minute: a line, strokes where nothing could be judged, nothing where nothing was written.

const SVG = "http://www.w3.org/2000/svg";
const UNWRITTEN = -1;

function svg(name, attributes, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

// x of minute k is k, in steps of `step`; y of level 1 is 0, of level 0 is `height`.
function levelPath(levels, step, height) {
  let path = "";
  let isDown = false;
  levels.forEach((level, k) => {
    const isLevel = level !== null && level !== UNWRITTEN;
    if (isLevel) {
      const y = (height * (1 - level)).toFixed(2);
      // A minute is as wide as it is long, so that one between two gaps is seen.
      path += `${isDown ? "L" : "M"}${(k * step).toFixed(2)} ${y}L${((k + 1) * step).toFixed(2)} ${y}`;
    }
    isDown = isLevel;
  });
  return path;
}

function unjudgedPath(levels, step, height) {
  let path = "";
  levels.forEach((level, k) => {
    if (level === null) path += `M${(k * step).toFixed(2)} ${height}L${((k + 1) * step).toFixed(2)} 0`;
  });
  return path;
}

function trendSvg() {
  const made = svg("svg", { class: "trend", role: "img", viewBox: "0 0 60 20", preserveAspectRatio: "none" });
  made.append(svg("path", { class: "unjudged" }), svg("path", { class: "line" }));
  return made;
}

function drawTrend(made, levels) {
  setAttribute(made.querySelector(".line"), "d", levelPath(levels, 1, 20));
  setAttribute(made.querySelector(".unjudged"), "d", unjudgedPath(levels, 1, 20));
  setAttribute(made, "aria-label", trendWords(levels));
}

function trendWords(levels) {
  const judged = levels.filter((level) => level !== null && level !== UNWRITTEN);
  if (!judged.length) return "Warning level of the last hour: none";
  return `Warning level of the last hour: highest ${Math.max(...judged).toFixed(2)}, latest ${judged.at(-1).toFixed(2)}`;
}
