// What raises or lowers the prior risk, and changing it.

import { ask, drop, el, num, page, say, tell } from "./page.js";
import { listRow, listTable } from "./lists.js";
import { sourceWords } from "./sources.js";

const list = document.getElementById("risks");
const decimals = (value) => (value % 1 ? 1 : 0);
const COLUMNS = [
  { words: say("factor") }, { words: say("multiplier") }, { words: say("reach") }, { words: say("is_used") },
  { words: say("source") }, { words: say("change") },
];

function effect(rule) {
  if (!rule.breakpoints.length) return `×${num(rule.multiplier, decimals(rule.multiplier))}`;
  const unit = rule.factor === "slope" ? "°" : ` ${say("metres")}`;
  return rule.breakpoints.map(([at, times]) => `${num(at)}${unit} ×${num(times, decimals(times))}`).join(say("comma"));
}

function reach(rule) {
  const parts = [rule.decay_m === null ? null : say("decay_of", { n: num(rule.decay_m) }), rule.half_life_years === null ? null : say("half_life_of", { n: num(rule.half_life_years, decimals(rule.half_life_years)) })];
  return parts.filter(Boolean).join(say("comma")) || "–";
}

const state = (rule) => (rule.active ? (rule.neutral ? say("no_effect") : el("span", { class: "good" }, say("has_effect"))) : say("switched_off"));
const numberField = (name, key, value, more = {}) =>
  el("label", { class: "field" }, say(key), el("input", { name, type: "number", min: 0, step: "any", value: value ?? "", inputmode: "decimal", ...more }));

/** Read breakpoints written as "0:1, 25:2"; null for what can't be read. */
function pairs(text) {
  const read = text.split(/[,,;;]/).filter((part) => part.trim()).map((part) => part.split(/[::]/).map(Number));
  return read.length && read.every((pair) => pair.length === 2 && pair.every(Number.isFinite)) ? read : null;
}

function fields(rule) {
  if (rule.breakpoints.length) {
    const value = rule.breakpoints.map((pair) => pair.join(":")).join(", ");
    return [el("label", { class: "field" }, say(rule.factor === "slope" ? "breakpoints_slope" : "breakpoints_altitude"), el("input", { name: "breakpoints", value, required: true, autocomplete: "off" }))];
  }
  return [
    numberField("multiplier", "multiplier", rule.multiplier, { required: true }),
    rule.decay_m === null ? null : numberField("decay_m", "decay_field", rule.decay_m, { required: true }),
    rule.factor === "former" ? numberField("half_life_years", "half_life_field", rule.half_life_years) : null,
  ];
}

function changeForm(rule) {
  const told = el("p", { class: "problem", role: "alert", hidden: true });
  const act = async (work) => {
    try {
      await work();
      await show();
    } catch (error) {
      told.textContent = error.message;
      told.hidden = false;
    }
  };
  const form = el("form", { class: "finds-form", onsubmit: (event) => {
    event.preventDefault();
    const of = (name) => form.elements[name]?.value.trim();
    const values = { active: form.elements.active.checked, source: of("source") };
    for (const name of ["multiplier", "decay_m", "half_life_years"]) {
      if (form.elements[name]) values[name] = of(name) === "" ? null : Number(of(name));
    }
    if (form.elements.breakpoints) values.breakpoints = pairs(of("breakpoints")) ?? of("breakpoints");
    act(() => tell(`risk-rules/${rule.factor}`, values));
  } }, fields(rule),
  el("label", { class: "field" }, say("where_from"), el("input", { name: "source", required: true, maxlength: 300, value: rule.source, autocomplete: "off" })),
  el("label", { class: "check-row" }, el("input", { type: "checkbox", name: "active", checked: rule.active }), say("is_used")),
  el("button", { type: "submit", class: "primary" }, say("keep_rule")),
  rule.changed ? el("button", { type: "button", onclick: () => act(() => drop(`risk-rules/${rule.factor}`)) }, say("reset_rule")) : null, told);
  return form;
}

function row(rule) {
  const open = el("button", { type: "button", class: "link", onclick: () => open.replaceWith(changeForm(rule)) }, say("change"));
  return listRow(COLUMNS, [
    [el("b", {}, say(`risk_of_${rule.factor}`)), rule.changed ? el("span", { class: "sub" }, say("changed_here")) : null].filter(Boolean),
    effect(rule), reach(rule), state(rule), sourceWords(rule.source), page.may_decide ? open : "–",
  ], { "data-factor": rule.factor });
}

async function show() {
  const { rules } = await ask("risk-rules");
  const { table, body } = listTable(COLUMNS, say("prior_risk_rules"));
  body.append(...rules.map(row));
  list.replaceChildren(table);
  list.setAttribute("aria-busy", "false");
}

show().catch((error) => {
  list.replaceChildren(el("p", { class: "problem" }, error.message));
  list.setAttribute("aria-busy", "false");
});
