// The forms of the controls and of the rules.
//
//   <form data-method="PUT" data-path="/api/v1/dials/shadow" data-done="words">
//
// A field's name is a member of the body; an empty field is left out. data-ask makes a form ask first.

import { change, say } from "./api.js";
import { refreshNow } from "./live.js";

document.addEventListener("submit", async (event) => {
  const form = event.target.closest?.("form[data-path]");
  if (!form) return;
  event.preventDefault();
  if (form.dataset.ask && !confirm(form.dataset.ask)) return;
  const buttons = [...form.querySelectorAll("button")];
  const pressed = event.submitter;
  for (const button of buttons) button.disabled = true;
  const answer = await change(form.dataset.method, form.dataset.path, body(form, pressed));
  for (const button of buttons) button.disabled = false;
  if (answer === null) return;
  form.reset();
  say(form.dataset.done ?? "Done.", "good");
  pressed?.focus();
  await refreshNow();
});

function body(form, pressed) {
  if (form.dataset.method === "DELETE") return undefined;
  const fields = Object.fromEntries(
    [...new FormData(form)].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value),
  );
  if (pressed?.name) fields[pressed.name] = pressed.value;
  return fields;
}
