// Keeps a page up to date. Every page loads this first.
//
//   `changed` on /api/v1/events ─► the page is fetched again, at most every 2 s and only while it is
//   seen ─► every element with an id and data-live is swapped for its new self
//
// Laws: what a person does goes on: focus, open details, scroll positions, a selection and what is
// being typed stay as they are. Nothing of an answer runs: it is parsed, never evaluated.

import "./copying.js";

const LEAST_PAUSE_MS = 2000;
const RETRY_MS = 2000;

const root = document.documentElement;
root.classList.add("js");

const connection = document.getElementById("connection");
const pause = document.getElementById("pause");
let source = null;
let isPaused = false;
let isWanted = false;
let isFetching = false;
let fetchedAt = -Infinity;
let freshAt = new Date();
let timer = null;

function say(text, isLost) {
  if (!connection || connection.textContent === text) return;
  connection.textContent = text;
  connection.classList.toggle("lost", isLost);
}

function sayLost() {
  say(`Connection lost: this is from ${freshAt.toLocaleTimeString()}. Trying again.`, true);
}

function sayStanding() {
  say(isPaused ? (isWanted ? "Paused; there is news" : "Paused") : "Live", false);
}

function want() {
  isWanted = true;
  if (isPaused && !connection?.classList.contains("lost")) sayStanding();
  if (isPaused || isFetching || document.hidden || timer !== null) return;
  const wait = Math.max(0, fetchedAt + LEAST_PAUSE_MS - performance.now());
  timer = setTimeout(() => {
    timer = null;
    if (isWanted && !isPaused && !document.hidden) refresh();
  }, wait);
}

async function refresh() {
  isWanted = false;
  isFetching = true;
  fetchedAt = performance.now();
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.ok && !answer.redirected) {
      swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
      freshAt = new Date();
      root.dataset.swaps = String(Number(root.dataset.swaps ?? 0) + 1);
    }
  } catch {
    sayLost();
  } finally {
    isFetching = false;
    if (isWanted) want();
  }
}

/** Puts the new page's live elements in the place of ours. */
export function swap(fresh) {
  if (document.title !== fresh.title) document.title = fresh.title;
  for (const old of document.querySelectorAll("[id][data-live]")) {
    if (old.parentElement.closest("[data-live]")) continue;
    const next = fresh.getElementById(old.id);
    if (next && !isInUse(old)) replace(old, document.importNode(next, true));
  }
}

function isInUse(element) {
  const active = document.activeElement;
  if (element.contains(active) && active.matches("input, select, textarea")) return true;
  if (element.querySelector("dialog[open]")) return true;
  const selection = getSelection();
  return Boolean(selection && !selection.isCollapsed && selection.containsNode(element, true));
}

function replace(old, next) {
  for (const details of old.querySelectorAll("details")) {
    const same = find(next, place(old, details));
    if (same) same.open = details.open;
  }
  for (const field of old.querySelectorAll("input, select, textarea")) {
    const same = find(next, place(old, field));
    if (!same) continue;
    if (field.type === "checkbox" || field.type === "radio") same.checked = field.checked;
    else if (field.type !== "hidden") same.value = field.value;
  }
  if (old.isEqualNode(next)) return;
  const focused = old.contains(document.activeElement) ? place(old, document.activeElement) : null;
  const scrolled = [...old.querySelectorAll(".wide, pre")]
    .filter((each) => each.scrollLeft || each.scrollTop)
    .map((each) => [place(old, each), each.scrollLeft, each.scrollTop]);
  const top = scrollY;
  old.replaceWith(next);
  for (const [where, left, down] of scrolled) find(next, where)?.scrollTo({ left, top: down, behavior: "instant" });
  if (scrollY !== top) scrollTo({ top, behavior: "instant" });
  if (focused) find(next, focused)?.focus({ preventScroll: true });
}

/** How an element is found again: by its id, its address, or its number among its like. */
function place(within, element) {
  if (element.id) return { id: element.id };
  const name = element.localName;
  const href = element.getAttribute("href");
  const alike = [...within.querySelectorAll(name)].filter((each) => each.getAttribute("href") === href);
  return { name, href, index: alike.indexOf(element) };
}

function find(within, { id, name, href, index }) {
  if (id) return [...within.querySelectorAll("[id]")].find((each) => each.id === id);
  return [...within.querySelectorAll(name)].filter((each) => each.getAttribute("href") === href)[index];
}

function connect() {
  if (document.hidden || (source && source.readyState !== EventSource.CLOSED)) return;
  source = new EventSource("/api/v1/events");
  source.addEventListener("open", () => {
    const wasLost = connection?.classList.contains("lost");
    sayStanding();
    if (wasLost) want();
  });
  source.addEventListener("changed", want);
  source.addEventListener("error", () => {
    sayLost();
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, RETRY_MS);
  });
}

pause?.addEventListener("click", () => {
  isPaused = !isPaused;
  pause.setAttribute("aria-pressed", String(isPaused));
  if (!connection?.classList.contains("lost")) sayStanding();
  if (!isPaused && isWanted) want();
});

// A page that nobody sees holds no connection: a browser has only six of them for one server, and a
// person many tabs. What happened meanwhile is unknown, so it is fetched when the page is seen again.
function follow() {
  if (document.hidden) {
    source?.close();
  } else {
    connect();
    want();
  }
}

/** Asks for the page again at once; after a change of one's own. */
export async function refreshNow() {
  fetchedAt = -Infinity;
  if (!isFetching) await refresh();
  else isWanted = true;
}

if (document.querySelector("[id][data-live]")) {
  connect();
  document.addEventListener("visibilitychange", follow);
  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", (event) => event.persisted && follow());
} else {
  document.querySelector(".live")?.remove();
}
