// The outbox: what a rater did and the store has not confirmed. The browser keeps it over a reload and a lost connection.

const OUTBOX = "eegwarn.outbox";

function openOutbox(rater, place) {
  const name = `${OUTBOX}/${place}/${rater}`;
  let acts = [];
  try {
    acts = JSON.parse(localStorage.getItem(name)) || [];
  } catch {
    // Nothing was kept: what is not confirmed lives as long as the page.
  }
  return { name, acts };
}

function keep(outbox) {
  try {
    if (outbox.acts.length) localStorage.setItem(outbox.name, JSON.stringify(outbox.acts));
    else localStorage.removeItem(outbox.name);
  } catch {
    // As above.
  }
}

function put(outbox, act) {
  outbox.acts = [...outbox.acts, { uid: newUid(), ...act }];
  keep(outbox);
  return outbox.acts.at(-1).uid;
}

function confirmed(outbox, uids) {
  outbox.acts = outbox.acts.filter((act) => !uids.includes(act.uid));
  keep(outbox);
}

// Of which clips the model's level was seen: kept over a reload too, or one would make a rater blind again.
function keptSeen(outbox) {
  try {
    return new Set(JSON.parse(localStorage.getItem(`${outbox.name}/seen`)) || []);
  } catch {
    return new Set();
  }
}

function keepSeen(outbox, seen) {
  try {
    localStorage.setItem(`${outbox.name}/seen`, JSON.stringify([...seen].slice(-500)));
  } catch {
    // As above.
  }
}

// Questions with a label that was not taken back.
function labelledIn({ acts }) {
  const undone = acts.map((act) => act.undoes);
  return new Set(acts.filter((act) => act.action === "label" && !undone.includes(act.uid)).map((act) => act.query_id));
}

function discardFirst(outbox) {
  outbox.acts = outbox.acts.slice(1);
  keep(outbox);
}

// A random UUID; crypto.randomUUID is there only on secure connections.
function newUid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
