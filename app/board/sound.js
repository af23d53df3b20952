// The sound of this screen: on or off for everything; what is to be heard comes from the store.

const SOUND_KEPT = "eegwarn.sound";
const PATTERNS = {
  alarm: { hz: [880, 988, 1175], every_s: 4 },
  trouble: { hz: [440, 349], every_s: 15 },
};

function createSound() {
  return { isOn: keptSound() !== "off", context: null, next_ms: { alarm: 0, trouble: 0 }, n_played: 0 };
}

function keptSound() {
  try {
    return localStorage.getItem(SOUND_KEPT);
  } catch {
    return null;
  }
}

// Browsers let a page make sounds only after it was clicked, or a key was pressed in it.
function unlock(sound) {
  if (sound.isOn && !sound.context && navigator.userActivation?.hasBeenActive !== false)
    sound.context = new AudioContext();
  if (sound.isOn && sound.context?.state === "suspended") sound.context.resume();
}

function switchSound(sound, isOn) {
  sound.isOn = isOn;
  try {
    localStorage.setItem(SOUND_KEPT, isOn ? "on" : "off");
  } catch {
    /* then it is not remembered */
  }
  if (isOn) unlock(sound);
}

function soundState(sound) {
  if (!sound.isOn) return "off";
  return sound.context?.state === "running" ? "on" : "waiting";
}

function soundWords(state) {
  if (state === "off") return "Sound is off on this screen: alarms are silent here.";
  return state === "on" ? "" : "No sound yet: the browser keeps a page silent until you click it or press a key.";
}

// Play what is due; an alarm goes before all else.
function hear(sound, kinds) {
  const kind = ["alarm", "trouble"].find((each) => kinds.includes(each));
  if (!kind || soundState(sound) !== "on" || Date.now() < sound.next_ms[kind]) return;
  sound.next_ms[kind] = Date.now() + 1000 * PATTERNS[kind].every_s;
  play(sound, kind);
}

function play(sound, kind) {
  const { context } = sound;
  PATTERNS[kind].hz.forEach((hz, k) => {
    const start_s = context.currentTime + 0.05 + 0.25 * k;
    const tone = new OscillatorNode(context, { type: "triangle", frequency: hz });
    const gain = new GainNode(context, { gain: 0 });
    gain.gain.setTargetAtTime(0.5, start_s, 0.01);
    gain.gain.setTargetAtTime(0, start_s + 0.16, 0.02);
    tone.connect(gain).connect(context.destination);
    tone.start(start_s);
    tone.stop(start_s + 0.3);
  });
  sound.n_played += 1;
}
