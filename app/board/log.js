// Below the beds: the hours of the bed that is open, and the table of alarms.

const logs = new WeakMap();

export default function (component) {
  const { data, parentElement } = component;
  if (!logs.has(parentElement)) logs.set(parentElement, createLog(parentElement));
  const log = logs.get(parentElement);
  log.send = (act) => component.setTriggerValue("act", act);
  log.open = (opened) => component.setStateValue("opened", opened);
  // While the store cannot be read, what was written stays; the beds above say that nothing is known.
  if (!data.trouble) {
    drawDetails(log.root.querySelector(".details"), data.details);
    drawHistory(log.root.querySelector(".history"), data);
  }
  return () => {
    log.closing.abort();
    logs.delete(parentElement);
  };
}

function createLog(parent) {
  const log = { root: parent.querySelector(".log"), closing: new AbortController() };
  const { signal } = log.closing;
  log.root.addEventListener("click", (event) => onClick(log, event.target.closest("[data-act]")?.dataset), { signal });
  listenForReason(log.root, (act) => log.send(act), signal);
  return log;
}

function onClick(log, wanted) {
  if (!wanted) return;
  const { act, bed, hours, alarms } = wanted;
  if (act === "hours") log.open({ bed, hours });
  else if (act === "mark_false") askWhy(log.root, wanted);
  else log.send({ kind: act, alarms: numbers(alarms) });
}
