// The question why an alarm is false, without whose answer nothing is sent.

function listenForReason(root, send, signal) {
  const dialog = root.querySelector("dialog");
  dialog.addEventListener("close", () => onReason(dialog, send), { signal });
  // Letters typed here are not the shortcuts of the page around.
  for (const name of ["keydown", "keyup", "keypress"])
    dialog.addEventListener(name, (event) => event.stopPropagation(), { signal });
}

function askWhy(root, { alarms, bed }) {
  const dialog = root.querySelector("dialog");
  dialog.dataset.alarms = alarms;
  dialog.returnValue = "";
  dialog.querySelector("h3").textContent = `${bed}: mark as false`;
  dialog.querySelector("input").value = "";
  dialog.showModal();
}

function onReason(dialog, send) {
  const reason = dialog.querySelector("input").value.trim();
  if (dialog.returnValue === "mark" && reason) send({ kind: "mark_false", alarms: numbers(dialog.dataset.alarms), reason });
}

function numbers(text) {
  return text.split(",").map(Number);
}
