// The form that writes a rule for a finding.
//
//   a proposal is chosen, or the rule edited ─► nothing may be saved
//   Simulate ─► what the API says the rule would hide ─► Save, for this very rule and endpoint
//
// Law: what is saved is what was simulated; what an answer holds becomes text, never markup.

import { change, say } from "./api.js";
import { refreshNow } from "./live.js";

const MAX_EXAMPLES = 10;

const form = document.getElementById("rule-form");
if (form) begin(form);

function begin(form) {
  const { rule, endpoint, reason } = form.elements;
  const save = document.getElementById("rule-save");
  const why = document.getElementById("rule-why");
  const answer = document.getElementById("rule-answer");
  const simulate = document.getElementById("rule-simulate");
  let simulated = null;

  const forget = (text = "Simulate first: it says what the rule would hide of what is stored.") => {
    simulated = null;
    save.disabled = true;
    save.className = "";
    save.textContent = "Save and use it";
    why.textContent = text;
  };

  const edited = () => {
    if (simulated) {
      forget("The rule was changed: simulate it again.");
      answer.replaceChildren();
    }
    const read = parse(rule.value);
    if (read) writeYaml(read, endpoint.value, reason.value.trim());
  };

  for (const radio of form.querySelectorAll("input[name=proposal]")) {
    radio.addEventListener("change", () => {
      rule.value = radio.value;
      edited();
    });
  }
  rule.addEventListener("input", edited);
  endpoint.addEventListener("change", edited);
  reason.addEventListener("input", () => {
    const read = parse(rule.value);
    if (read) writeYaml(read, endpoint.value, reason.value.trim());
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    forget();
    answer.replaceChildren();
    const read = parse(rule.value);
    if (!read) {
      answer.append(box("bad", [paragraph("This is no mapping in JSON, such as {\"path\": \"$.price\", \"ignore\": true}.", "loud")]));
      rule.focus();
      return;
    }
    const asked = { rule: read, endpoint: endpoint.value, group: form.dataset.group };
    const before = simulate.textContent;
    simulate.disabled = true;
    simulate.textContent = "Simulating";
    const found = await change("POST", "/api/v1/rules/simulate", asked);
    simulate.disabled = false;
    simulate.textContent = before;
    if (found === null) return;
    say("");
    if (JSON.stringify(parse(rule.value)) !== JSON.stringify(read) || endpoint.value !== asked.endpoint) return;
    show(answer, found);
    simulated = asked;
    save.disabled = false;
    const isDangerous = Boolean(found.dangerous);
    save.className = isDangerous ? "danger" : "main";
    save.textContent = isDangerous ? "Save it all the same" : "Save and use it";
    why.textContent = isDangerous ? "Read the warning below first." : "It holds for the next pair of answers.";
  });

  save.addEventListener("click", async () => {
    if (!simulated) return;
    save.disabled = true;
    const saved = await change("POST", "/api/v1/rules", { ...simulated, reason: reason.value.trim() });
    if (saved === null) {
      save.disabled = false;
      return;
    }
    forget("Saved. Noise and rules has it.");
    say(`The rule is saved and in force${saved.id === undefined ? "" : ` as ${saved.id}`}.`, "good");
    const link = document.createElement("a");
    link.href = "/noise";
    link.textContent = "See it among the rules";
    answer.replaceChildren(box("good", [paragraph("The rule is saved and in force.", ""), link]));
    await refreshNow();
  });
}

function parse(text) {
  try {
    const read = JSON.parse(text);
    return read && typeof read === "object" && !Array.isArray(read) ? read : null;
  } catch {
    return null;
  }
}

function show(answer, found) {
  const leaving = number(found.leaving_class);
  const parts = [];
  if (found.dangerous) {
    parts.push(paragraph(
      found.leaving_class > 0
        ? `Warning: ${leaving} of the differences that it would hide are not only other values. They are missing, of another type or of another shape, as bugs are.`
        : "Warning: this rule may hide bugs.",
      "loud",
    ));
  }
  parts.push(paragraph(String(found.sentence ?? ""), ""));
  const facts = [
    ["Stored pairs looked at", `${number(found.pairs)}${found.are_all === false ? ", not all there are" : ""}`],
    ["Of these mismatches", number(found.mismatches)],
    ["Mismatches that would be hidden", number(found.hidden_mismatches)],
    ["Differences that would be hidden", number(found.hidden_differences)],
    ["Of these, of another kind than legacy's value", leaving],
  ];
  if (found.new_differences) facts.push(["Differences that it would show besides", number(found.new_differences)]);
  if (Array.isArray(found.groups)) facts.push(["Findings that it would hide wholly", found.groups.length]);
  const list = document.createElement("dl");
  list.className = "facts";
  for (const [name, value] of facts) {
    const pair = document.createElement("div");
    pair.append(element("dt", name), element("dd", String(value)));
    list.append(pair);
  }
  parts.push(list);
  const examples = Array.isArray(found.examples) ? found.examples.slice(0, MAX_EXAMPLES) : [];
  if (examples.length) parts.push(table(examples));
  answer.replaceChildren(box(found.dangerous ? "bad" : number(found.hidden_differences) === "0" ? "" : "good", parts));
}

function table(examples) {
  const wide = document.createElement("div");
  wide.className = "wide";
  wide.tabIndex = 0;
  wide.setAttribute("role", "region");
  wide.setAttribute("aria-label", "Differences that would be hidden");
  const made = document.createElement("table");
  const head = made.createTHead().insertRow();
  for (const name of ["What it would hide", "legacy", "candidate", "Warning"]) {
    const cell = element("th", name);
    cell.scope = "col";
    head.append(cell);
  }
  const body = made.createTBody();
  for (const each of examples) {
    const row = body.insertRow();
    row.insertCell().textContent = `${each.path || "the body"} ${each.kind} (${each.endpoint})`;
    for (const side of ["legacy", "candidate"]) {
      row.insertCell().append(side in each ? element("code", shown(each[side])) : "nothing");
    }
    row.insertCell().textContent = each.leaves_class ? "not of legacy's kind" : "";
  }
  wide.append(made);
  return wide;
}

function shown(value) {
  const text = JSON.stringify(value) ?? "";
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function writeYaml(rule, endpoint, reason) {
  const target = document.getElementById("rule-yaml");
  if (!target) return;
  // ${ would be a variable, but in a key it is none.
  const line = `- ${JSON.stringify(reason ? { ...rule, reason } : rule)}`.replaceAll("${", () => "$${");
  const lines = endpoint
    ? ["compare:", "  endpoints:", `    ${JSON.stringify(endpoint)}:`, `      ${line}`]
    : ["compare:", "  rules:", `    ${line}`];
  target.textContent = lines.join("\n");
}

function number(value) {
  return typeof value === "number" ? value.toLocaleString("en") : "0";
}

function box(tone, parts) {
  const made = document.createElement("div");
  made.className = `answer ${tone}`;
  made.append(...parts);
  return made;
}

function paragraph(text, tone) {
  const made = element("p", text);
  made.className = tone;
  return made;
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
