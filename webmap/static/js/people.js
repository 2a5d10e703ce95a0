// People as administrators look after them; auditors read.

import { ask, drop, el, moment, num, page, say, tell } from "./page.js";
import { listRow, listTable } from "./lists.js";
import { showTokens } from "./token_list.js";

const of = (id) => document.getElementById(id);
const message = of("message");
const status = of("status");
const secret = of("secret");
const change = of("change");
const units = new Map(page.units);
const COLUMNS = [
  { words: say("person_name") }, { words: say("person_role") }, { words: say("person_unit") },
  { words: say("person_state") }, { words: say("person_last") }, ...(page.may_change ? [{ words: say("person_change") }] : []),
];
let chosen = null;

function fail(words) {
  message.textContent = words;
  message.hidden = !words;
}

/** Do something and show the list anew; what fails is told at the top. */
async function attempt(deed) {
  fail("");
  try {
    await deed();
    await load();
  } catch (error) {
    fail(error.message);
    message.scrollIntoView({ block: "center" });
  }
}

function told(words, password = null) {
  status.textContent = words;
  secret.firstElementChild.textContent = password ?? "";
  secret.hidden = !password;
  status.scrollIntoView({ block: "center" });
}

const unitWords = (code) => (code === null ? say("whole_workspace") : `${units.get(code) ?? ""} (${code})`);
const unitOf = (value) => (value === "*" ? { whole: true } : { unit: value.slice(1) });

function stateWords(person) {
  const words = [person.active ? say("person_active") : say("person_disabled")];
  if (person.must_change) words.push(say("person_must"));
  if (person.second_factor) words.push(say("person_second"));
  return words.join(" · ");
}

function personRow(person) {
  const mine = person.id === page.me;
  const button = el("button", { type: "button", onclick: () => open(person) }, say("person_change"));
  return listRow(COLUMNS, [
    [person.name, mine ? el("span", { class: "sub" }, say("person_self")) : null],
    say(`role_${person.role}`), unitWords(person.unit_code), stateWords(person),
    person.last_login ? moment(person.last_login) : say("person_never"), ...(page.may_change ? [mine ? "" : button] : []),
  ], { class: person.active ? null : "off", "data-person": person.id });
}

function open(person) {
  chosen = person;
  of("change-name").textContent = person.name;
  change.elements.role.value = person.role;
  change.elements.unit.value = person.unit_code === null ? "*" : `=${person.unit_code}`;
  change.querySelector('[data-deed="second-factor"]').hidden = !person.second_factor;
  change.querySelector('[data-deed="active"]').textContent = person.active ? say("person_disable") : say("person_enable");
  change.hidden = false;
  change.scrollIntoView({ block: "nearest" });
  change.elements.role.focus();
}

const DEEDS = {
  password: async ({ id }) => {
    const made = await tell(`people/${id}/password`, {});
    told(say("person_password", { name: made.name }), made.password);
  },
  sessions: async ({ id, name }) => {
    const { ended } = await drop(`people/${id}/sessions`);
    told(say("person_sessions", { n: num(ended), name }));
  },
  "second-factor": async ({ id, name }) => {
    await drop(`people/${id}/second-factor`);
    told(say("person_second_dropped", { name }));
  },
  active: async ({ id, name, active }) => {
    await tell(`people/${id}`, { active: !active });
    told(say("person_saved", { name }));
  },
  close: async () => undefined,
};

function wire() {
  if (!page.may_change) return;
  of("add").addEventListener("submit", (event) => {
    event.preventDefault();
    const { name, role, unit } = event.target.elements;
    attempt(async () => {
      const made = await tell("people", { name: name.value, role: role.value, ...unitOf(unit.value) });
      event.target.reset();
      told(say("person_added", { name: made.person.name }), made.password);
    });
  });
  change.addEventListener("submit", (event) => {
    event.preventDefault();
    const { role, unit } = change.elements;
    const { id, name } = chosen;
    attempt(async () => {
      await tell(`people/${id}`, { role: role.value, ...unitOf(unit.value) });
      told(say("person_saved", { name }));
    });
  });
  for (const button of change.querySelectorAll("[data-deed]")) {
    button.addEventListener("click", () => attempt(() => DEEDS[button.dataset.deed](chosen)));
  }
}

async function load() {
  const [{ people }, { tokens }] = await Promise.all([ask("people"), ask("tokens", { everyone: 1 })]);
  const { table, body } = listTable(COLUMNS, say("people_caption"));
  body.append(...people.map(personRow));
  of("list").replaceChildren(table);
  of("list").setAttribute("aria-busy", "false");
  if (change) change.hidden = true;
  const active = people.filter((person) => person.active).length;
  if (!status.dataset.told) status.textContent = say("people_count", { n: num(people.length), active: num(active) });
  status.dataset.told = "yes";
  const gone = (words) => attempt(async () => told(words));
  showTokens(of("tokens"), tokens, { owner: say("token_owner"), none: say("no_tokens_at_all"), gone: page.may_change ? gone : null, fail });
}

wire();
attempt(async () => undefined);
