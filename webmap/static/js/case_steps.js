// The forms by which people take the steps of a case's life; which steps there are, the server says.

import { day as dayWords, el, page, say } from "./page.js";
import { laterSurveys } from "./case_surveys.js";

const METHODS = ["pulled", "cut", "ploughed", "burnt", "sprayed", "grower", "other"];
const REASONS = ["grass", "crop", "garden", "licensed", "duplicate", "nothing", "picture", "other"];
const STAGES = ["seedling", "rosette", "bud", "flower", "capsule"];
const HOWS = ["walked", "drawn", "measured", "estimated"];
const FLAGS = ["sprouted", "repeated", "resisted", "self_removed"];
// What each step's form holds, in its order.
const FORMS = {
  triage: ["note"],
  dismiss: ["reason", "note"],
  assign: ["unit", "deadline", "note"],
  extend: ["deadline", "note"],
  verify: ["outcome", "day", "count", "area", "stage", "flags", "witness", "note"],
  eradicate: ["method", "day", "count", "area", "flags", "witness", "note"],
  recheck: ["outcome", "survey", "day", "count", "witness", "note"],
  close: ["note"],
  reopen: ["note"],
  merge: ["into", "note"],
  split: ["title", "links", "note"],
  correct: ["step", "day", "count", "area", "method", "stage", "flags", "witness", "note"],
  note: ["note"],
};
const NEEDS_NOTE = ["extend", "reopen", "correct", "note"];
export const MAIN_STEPS = ["triage", "assign", "verify", "eradicate", "recheck", "close"];

const label = (words, ...parts) => el("label", {}, words, ...parts);
const option = (value, words) => el("option", { value }, words);
const select = (name, keys, prefix, empty = null) => el("select", { name },
  ...(empty === null ? [] : [option("", empty)]), ...keys.map((key) => option(key, say(`${prefix}_${key}`))));
const beijing = (at) => new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai" }).format(new Date(at));
const today = () => beijing(Date.now());

const PARTS = {
  note: (told, action) => label(say("f_note"), el("textarea", { name: "note", rows: 3, maxlength: 2000, required: NEEDS_NOTE.includes(action) })),
  reason: () => label(say("f_reason"), select("reason", REASONS, "reason")),
  unit: () => label(say("f_unit"), el("select", { name: "unit" }, option("", say("f_unit_of_area")), page.units.map(([code, name]) => option(code, name)))),
  deadline: (told, action) => label(say("f_deadline"), el("input", { name: "deadline", type: "date", min: today(), required: action === "extend" }),
    action === "extend" ? null : el("span", { class: "sub" }, say("f_deadline_office"))),
  outcome: (told, action) => el("fieldset", {}, el("legend", {}, say("f_outcome")), el("div", { class: "choices" },
    outcomes(told, action).map((key, k) => el("label", {}, el("input", { type: "radio", name: "outcome", value: key, required: true, checked: k === 0 }), say(`outcome_${key}`))))),
  // A correction without a day leaves the day as it was.
  day: (told, action) => label(say("f_day"), el("input", { name: "day", type: "date", value: action === "correct" ? "" : today(), max: today(), required: action !== "correct" })),
  survey: surveyPart,
  count: countPart,
  area: () => el("div", { class: "pair" },
    label(say("f_area_m2"), el("input", { name: "area_m2", type: "number", min: 0.01, step: "any", inputmode: "decimal" })),
    label(say("f_area_how"), select("area_how", HOWS, "how", say("f_unknown")))),
  method: (told, action) => label(say("f_method"), select("method", METHODS, "method", action === "correct" ? say("f_unknown") : null)),
  stage: () => label(say("f_stage"), select("stage", STAGES, "stage", say("f_unknown"))),
  flags: () => el("div", { class: "pair" }, FLAGS.map((name) => label(say(`f_${name}`),
    el("select", { name }, option("", say("f_unknown")), option("yes", say("f_yes")), option("no", say("f_no")))))),
  witness: () => label(say("f_witness"), el("input", { name: "witness", maxlength: 300, autocomplete: "off" })),
  into: () => label(say("f_into"), el("input", { name: "into", required: true, maxlength: 20, autocomplete: "off", placeholder: "2027-00042" })),
  title: (told) => label(say("f_title"), el("input", { name: "title", required: true, maxlength: 200, value: told.title })),
  links: (told) => el("fieldset", {}, el("legend", {}, say("f_links")), el("div", { class: "choices" },
    told.links.map((one) => el("label", {}, el("input", { type: "checkbox", name: "links", value: one.id }), `${say(`link_${one.kind}`)} ${one.label}`)))),
  step: (told) => label(say("f_step"), el("select", { name: "step" }, Object.keys(told.facts).map((key) => option(key, say(`step_${key}`))))),
};

const outcomes = (told, action) => [...new Set(told.moves.filter((move) => move.action === action).map((move) => move.outcome))];

/** Return the choice between having been there and a survey that shows the ground; nothing without such a survey. */
function surveyPart(told) {
  const surveys = laterSurveys(told);
  if (!surveys.length) return null;
  const days = Object.fromEntries(surveys.map((one) => [one.id, beijing(one.taken)]));
  const choose = (event) => { event.target.form.elements.day.value = days[event.target.value] ?? today(); };
  return label(say("f_survey"), el("select", { name: "survey", onchange: choose }, option("", say("f_on_foot")),
    surveys.map((one) => option(one.id, say("f_from_survey", { name: one.name, day: dayWords(days[one.id]) })))));
}

function countPart() {
  const plain = label(say("f_plants"), el("input", { name: "plants", type: "number", min: 0, step: 1, inputmode: "numeric" }));
  const quadrats = el("div", { class: "pair", hidden: true },
    label(say("f_quadrat_counts"), el("input", { name: "quadrat_counts", inputmode: "numeric", autocomplete: "off", placeholder: "3 0 5 2" })),
    label(say("f_quadrat_m2"), el("input", { name: "quadrat_m2", type: "number", min: 0.0001, step: "any", inputmode: "decimal", value: 1 })));
  const choose = (way) => { plain.hidden = way !== "plain"; quadrats.hidden = way !== "quadrats"; };
  const choices = ["plain", "quadrats", "none"].map((way, k) => el("label", {},
    el("input", { type: "radio", name: "count_way", value: way, checked: k === 0, onchange: () => choose(way) }), say(`f_count_${way}`)));
  return el("fieldset", {}, el("legend", {}, say("f_count")), el("div", { class: "choices" }, choices), plain, quadrats);
}

/** Return what was counted; throws words where it can't be read. */
function counted(of) {
  const way = of("count_way");
  if (way === "plain" && of("plants") !== "") return { plants: Number(of("plants")) };
  if (way !== "quadrats") return {};
  const counts = of("quadrat_counts").split(/[\s,,、]+/).filter(Boolean);
  if (!counts.length || !counts.every((one) => /^\d+$/.test(one))) throw new Error(say("f_bad_counts"));
  return { quadrats: { counts: counts.map(Number), quadrat_m2: Number(of("quadrat_m2")) } };
}

function factsOf(of, parts) {
  const facts = parts.includes("count") ? counted(of) : {};
  for (const name of ["day", "area_how", "method", "stage", "witness"]) if (of(name)) facts[name] = of(name);
  for (const name of ["area_m2", "survey"]) if (of(name)) facts[name] = Number(of(name));
  for (const name of FLAGS) if (of(name)) facts[name] = of(name) === "yes";
  return facts;
}

/** Return the body of a step as the server takes it. */
function bodyOf(form, action, told) {
  const data = new FormData(form);
  const of = (name) => String(data.get(name) ?? "").trim();
  const body = { action, version: told.version };
  for (const name of ["outcome", "reason", "unit", "deadline", "into", "title", "step", "note"]) if (of(name)) body[name] = of(name);
  if (FORMS[action].includes("links")) body.links = data.getAll("links").map(Number);
  const facts = factsOf(of, FORMS[action]);
  if (Object.keys(facts).length) body.facts = facts;
  return body;
}

/**
 * Return the form of a step.
 * @param told the case
 * @param action the step
 * @param send takes the body; resolves to words of refusal, or nothing when it is done
 * @param cancel called when the person leaves it
 */
export function stepForm(told, action, send, cancel) {
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const button = el("button", { type: "submit", class: "primary" }, say("f_send"));
  const fail = (words) => { problem.textContent = words; problem.hidden = !words; };
  const form = el("form", { class: "step-form", "data-action": action, onsubmit: async (event) => {
    event.preventDefault();
    fail("");
    button.disabled = true;
    try {
      const refused = await send(bodyOf(form, action, told));
      if (refused) fail(refused);
    } catch (error) {
      fail(error.message);
    } finally {
      button.disabled = false;
    }
  } }, el("h2", {}, say(`do_${action}`)), ...FORMS[action].map((part) => PARTS[part](told, action)), problem,
  el("div", { class: "end" }, button, el("button", { type: "button", onclick: cancel }, say("f_cancel"))));
  return form;
}
