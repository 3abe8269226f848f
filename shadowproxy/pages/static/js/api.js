// Changing calls of the API, and what is said of their outcome.
//
//   change("PUT", "/api/v1/dials/shadow", {...}) ─► the answer's document, or null and a notice
//
// A token is asked for once, when the API wants one, and kept for this tab alone. Calls go without
// the browser's own credentials: they do not count for a change, and asking for them would open the
// browser's dialog over ours.

const TOKEN = "shadowproxy-token";

/** Sends a change; the answer's document, {} if it has none, null if it was refused. */
export async function change(method, path, body) {
  try {
    let answer = await send(method, path, body);
    while (answer.status === 401) {
      sessionStorage.removeItem(TOKEN);
      const token = await askForToken();
      if (token === null) {
        say("Nothing was changed: the admin token is needed.", "bad");
        return null;
      }
      sessionStorage.setItem(TOKEN, token);
      answer = await send(method, path, body);
    }
    const document_ = await read(answer);
    if (answer.ok) return document_;
    say(sentence(answer, document_), "bad");
  } catch {
    say("Nothing was changed: the proxy's admin address does not answer.", "bad");
  }
  return null;
}

/** Says something where everybody notices it. */
export function say(text, tone = "") {
  const notice = document.getElementById("notice");
  if (!notice) return;
  notice.className = tone;
  notice.textContent = text;
}

function send(method, path, body) {
  const headers = { Accept: "application/json" };
  const token = sessionStorage.getItem(TOKEN);
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return fetch(path, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    credentials: "omit",
    redirect: "error",
  });
}

async function read(answer) {
  try {
    return (await answer.json()) ?? {};
  } catch {
    return {};
  }
}

function sentence(answer, problem) {
  const detail = problem.detail || problem.title || `status ${answer.status}`;
  const more = Array.isArray(problem.problems) ? problem.problems.map(String).slice(0, 5) : [];
  return [`Nothing was changed: ${detail}`, ...more].join("; ");
}

function askForToken() {
  const dialog = document.createElement("dialog");
  const form = document.createElement("form");
  form.method = "dialog";
  const label = element("label", "Admin token");
  const input = document.createElement("input");
  Object.assign(input, { type: "password", id: "token", autocomplete: "off", required: true });
  label.htmlFor = input.id;
  const why = element("p", "The proxy asks for its token before it changes anything. It is kept until this tab is closed.");
  const buttons = element("div", "");
  buttons.className = "row";
  const go = element("button", "Use it");
  go.className = "main";
  const leave = element("button", "Cancel");
  leave.type = "button";
  buttons.append(go, leave);
  form.append(why, label, input, buttons);
  dialog.setAttribute("aria-label", "The admin token is needed");
  dialog.append(form);
  document.body.append(dialog);
  return new Promise((resolve) => {
    let token = null;
    form.addEventListener("submit", () => {
      token = input.value;
    });
    leave.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(token);
    });
    dialog.showModal();
  });
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
