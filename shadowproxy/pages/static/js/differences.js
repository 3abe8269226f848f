// Moves between the differences of one view, and unfolds what is folded.
//
// Without it folds still open by themselves; inside a diff the keys n and p go to the
// next and the previous difference (nowhere else: WCAG 2.1.4).

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button[data-jump], button[data-unfold]");
  if (!button) return;
  const diff = button.closest(".diff");
  if (button.dataset.jump) jump(diff, Number(button.dataset.jump));
  else unfold(diff, button);
});

document.addEventListener("keydown", (event) => {
  const step = { n: 1, p: -1 }[event.key];
  if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.("input, textarea, select")) return;
  const diff = event.target.closest?.(".diff");
  if (diff) jump(diff, step);
});

function jump(diff, step) {
  const all = [...diff.querySelectorAll("[data-difference]")];
  if (!all.length) return;
  const now = all.indexOf(diff.querySelector("[data-difference][data-now]"));
  const next = all[now < 0 ? (step > 0 ? 0 : all.length - 1) : (now + step + all.length) % all.length];
  all[now]?.removeAttribute("data-now");
  next.dataset.now = "";
  for (let each = next.closest("details"); each; each = each.parentElement.closest("details")) each.open = true;
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "center" });
}

function unfold(diff, button) {
  const isOpen = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(isOpen));
  button.textContent = isOpen ? "Fold again" : "Unfold everything";
  for (const details of diff.querySelectorAll("details")) details.open = isOpen;
}
