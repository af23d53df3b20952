// Weights of what a model heard in a window: in words, and as bars to the right (for a seizure) or left (against it).

const MEANING =
  "A bar tells by how much the log-odds of a seizure would fall if the derivation were silent (set to zero): filled and to the right it spoke for a seizure, hollow and to the left against one. " +
  "It shows what the network listened to, not where a seizure begins. Derivations that show the same each weigh little, and weights do not add up.";
const TREND = " The minutes before, which this model weighs too, are not in it.";

function signed(value) {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
}

function showReasons(root, reasons, tell) {
  const drawn = JSON.stringify(reasons);
  if (root.dataset.drawn === drawn) return;
  root.dataset.drawn = drawn;
  if (!reasons) return root.replaceChildren("Weighing …");
  if (reasons.problem) return root.replaceChildren(reasons.problem);
  const [said, meaning] = [document.createElement("p"), document.createElement("p")];
  said.textContent = reasonsInWords(reasons, tell);
  meaning.className = "meaning";
  meaning.textContent = MEANING + (reasons.has_trend ? TREND : "");
  const parts = reasons.parts.map(({ start_s, weight }) => ({ name: `from ${tell(start_s)}`, side: "midline", weight }));
  root.replaceChildren(said, listOf(reasons.derivations, "Weight of each derivation"), listOf(parts, "Weight of each second"), meaning);
}

function reasonsInWords({ start_s, end_s, level, logit, derivations }, tell) {
  const known = derivations.filter(({ weight }) => weight !== null).sort((one, other) => other.weight - one.weight);
  const words = (some) => some.map(({ name, weight }) => `${name} ${signed(weight)}`).join(", ");
  const pro = words(known.filter(({ weight }) => weight >= 0.01).slice(0, 3));
  const contra = words(known.filter(({ weight }) => weight <= -0.01).slice(-2).reverse());
  const silent = derivations.length - known.length;
  const sentences = [
    `Of the windows of these seconds the one from ${tell(start_s)} to ${tell(end_s)} spoke most for a seizure: level ${level.toFixed(2)} by itself, log-odds ${signed(logit)}.`,
    pro && `Most for it: ${pro}.`,
    contra && `Most against it: ${contra}.`,
    silent && `${silent} bad derivation${silent === 1 ? " had" : "s had"} no say.`,
  ];
  return sentences.filter(Boolean).join(" ");
}

function listOf(weights, name) {
  const largest = Math.max(...weights.map(({ weight }) => Math.abs(weight ?? 0)), 0.01);
  const list = document.createElement("ul");
  list.setAttribute("aria-label", name);
  list.append(...weights.map((one) => barOf(one, largest)));
  return list;
}

function barOf({ name, side, weight }, largest) {
  const [row, title, track, bar, value] = ["li", "span", "i", "b", "span"].map((tag) => document.createElement(tag));
  title.textContent = name;
  title.className = side;
  value.textContent = weight === null ? "bad" : signed(weight);
  const share = (50 * Math.abs(weight ?? 0)) / largest;
  bar.className = weight < 0 ? "against" : "for";
  bar.style.width = `${share}%`;
  bar.style.left = `${weight < 0 ? 50 - share : 50}%`;
  track.setAttribute("aria-hidden", "true");
  track.append(bar);
  row.append(title, track, value);
  return row;
}
