// The tile of a bed.

function createTile(name) {
  const tile = element(
    "li",
    { class: "tile", "data-bed": name, "aria-label": name },
    element(
      "div",
      { class: "head" },
      element(
        "button",
        {
          type: "button",
          class: "name",
          "data-act": "open",
          "data-bed": name,
          title: "Show the details of this bed",
        },
        name,
      ),
      element("b", {}, element("i", { class: "shape" }), " ", element("span", { class: "word" })),
    ),
    element(
      "div",
      { class: "middle" },
      element("div", { class: "now" }, element("span", { class: "level" }), element("small", {}, "level 0–1")),
      element(
        "div",
        { class: "hour" },
        trendSvg(),
        element("small", {}, element("span", {}, "−60 min"), element("span", {}, "now")),
      ),
    ),
    element("p", { class: "life" }),
    element("p", { class: "said" }),
    element("div", { class: "acts" }),
  );
  return tile;
}

// What the monitor's silence, or our own, makes of what the store said when it was last read.
function stateNow(bed, scene, isOld, now_s) {
  if (bed.state === "alarm") return "alarm";
  if (isOld) return "unknown";
  const isSilent = bed.heartbeat_at === null || Math.abs(now_s - bed.heartbeat_at) > scene.offline_after_s;
  return isSilent ? "offline" : bed.state;
}

function drawTile(tile, bed, scene, isOld, now_s) {
  const state = stateNow(bed, scene, isOld, now_s);
  setAttribute(tile, "class", `tile ${state}${isOld ? " old" : ""}`);
  setText(tile.querySelector(".shape"), SHAPES[state]);
  setText(tile.querySelector(".word"), WORDS[state]);
  setText(tile.querySelector(".level"), ["offline", "unknown"].includes(state) ? "–" : levelText(bed.level));
  setText(tile.querySelector(".life"), isOld ? "not known at present" : lifeOf(bed, now_s));
  const said = saidOf(bed, state);
  setText(tile.querySelector(".said"), said);
  setAttribute(tile.querySelector(".said"), "title", said);
  drawTrend(tile.querySelector(".trend"), bed.trend);
  drawActs(tile.querySelector(".acts"), bed, scene, isOld);
}

function lifeOf(bed, now_s) {
  const life = bed.heartbeat_at === null ? "no sign of life yet" : `sign of life ${span(now_s - bed.heartbeat_at)} ago`;
  const mutes = bed.alarms.filter((alarm) => alarm.is_latched).map((alarm) => alarm.muted_until);
  // One that is not muted is heard.
  const left_s = Math.min(...mutes.map((until) => until ?? 0)) - now_s;
  if (mutes.length && left_s > 0) return `${life} · muted for ${span(left_s)}`;
  const silent_s = (bed.silenced_until ?? 0) - now_s;
  if (silent_s > 0) return `${life} · fault silenced for ${span(silent_s)}`;
  // A recording that is played has a time of its own.
  if (bed.played_at === null) return life;
  return `${life} · ${bed.has_ended ? "played until" : "plays"} ${clockOf(bed.played_at)}`;
}

function saidOf(bed, state) {
  const words = [];
  const alarm = bed.alarms.find((each) => each.is_latched) ?? bed.alarms.find((each) => each.cleared_at === null);
  // What matters most comes first: a narrow tile cuts the end off.
  if (state === "alarm" && bed.is_offline) words.push(`${SHAPES.offline} ${WORDS.offline}`);
  if (alarm) words.push(alarmWords(alarm));
  if (bed.is_at_fault) words.push(state === "fault" ? bed.reason : `${SHAPES.fault} ${WORDS.fault}: ${bed.reason}`);
  else if (bed.has_ended) words.push(`${bed.reason}, at ${clockOf(bed.heartbeat_at)}`);
  else if (state === "offline") words.push("nothing is known of the patient");
  if (bed.waits) words.push(bed.waits);
  return words.join(" · ");
}

function alarmWords(alarm) {
  const since = `since ${clockOf(alarm.raised_at)}`;
  const last = alarm.acts.at(-1);
  if (!alarm.is_latched) return `${since} · ${last.what} by ${last.who}`;
  return `${alarm.cleared_at === null ? "" : "over, "}not acknowledged · ${since}`;
}

function drawActs(target, bed, scene, isOld) {
  const latched = bed.alarms.filter((alarm) => alarm.is_latched).map((alarm) => alarm.id);
  const isHeard = bed.is_at_fault && bed.silenced_until === null;
  const wanted = latched.length || isHeard ? `${latched}/${isHeard}/${scene.may_act}` : "";
  if (target.dataset.drawn !== wanted) {
    target.dataset.drawn = wanted;
    const buttons = [
      ...(latched.length ? actButtons(bed.bed, latched, scene.mute_min) : []),
      ...(isHeard ? [silenceButton(bed.bed, scene.silence_min)] : []),
    ];
    target.replaceChildren(...(scene.may_act ? buttons : []));
    if (wanted && !scene.may_act) target.append("Your role may look only.");
  }
  for (const button of target.querySelectorAll("button")) button.disabled = isOld;
}

// It silences the sound; the word, shape and colour of the fault stay.
function silenceButton(bed, silence_min) {
  return element(
    "button",
    {
      type: "button",
      "data-act": "silence_fault",
      "data-bed": bed,
      "aria-label": `Silence the sound of the fault of ${bed} for ${silence_min} min`,
      title: "I am at the bed: no sound for a while. The fault stays shown.",
    },
    `Silence ${silence_min} min`,
  );
}

function actButtons(bed, alarms, mute_min) {
  const button = (kind, text, what) =>
    element(
      "button",
      {
        type: "button",
        "data-act": kind,
        "data-alarms": alarms.join(),
        "data-bed": bed,
        "aria-label": `${what} of ${bed}`,
      },
      text,
    );
  const plural = alarms.length > 1 ? `${alarms.length} alarms` : "the alarm";
  return [
    button("acknowledge", "Acknowledge", `Acknowledge ${plural}`),
    button("mute", `Mute ${mute_min} min`, `Mute ${mute_min} min ${plural}`),
    button("mark_false", "False …", `Mark as false ${plural}`),
  ];
}
