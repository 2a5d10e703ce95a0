// The three lists of a unit: tasks, problems, responsibilities.

import { ask, day, el, landArea, num, page, percent, say, sentence } from "./page.js";
import { stateWords } from "./case_signs.js";
import { plainTable } from "./plain_table.js";

const part = (id) => document.getElementById(id);
const form = part("choose");
const whole = part("work");
const TASKS = ["wk_task", "wk_what", "wk_state", "wk_unit", "wk_ground", "wk_due"];
const PROBLEMS = ["wk_trouble", "wk_what", "wk_state", "wk_unit", "wk_ground", "wk_since"];
const COUNTS = [
  ["open", "wk_duty_open"], ["overdue", "wk_duty_overdue"], ["standing", "wk_duty_standing"],
  ["sites", "wk_duty_sites"], ["sites_due", "wk_duty_sites_due"], ["parcels", "wk_duty_parcels"],
];
let asked = 0;

const columns = (keys) => keys.map((key) => ({ words: say(key) }));

function late(row) {
  return row.overdue_days > 0 ? el("span", { class: "sub late-words" }, say("wk_days_late", { n: num(row.overdue_days) })) : null;
}

function stateOf(row) {
  if (row.kind === "case") return stateWords({ state: row.state, overdue: row.overdue_days > 0 });
  if (row.kind === "site") return say(`site_state_${row.state}`);
  return row.kind === "gap" ? [say("wk_gap_state"), el("span", { class: "sub" }, landArea(row.area_m2))] : "";
}

const subject = (row, words) => [el("a", { href: row.link, class: "whole" }, words), row.what && words !== row.what ? el("span", { class: "sub" }, row.what) : null];

function taskRow(row) {
  const name = row.kind === "gap" ? el("a", { href: row.link }, say("wk_gap_what", { rank: row.name, area: row.what })) : subject(row, row.name);
  const due = row.deadline ? el("span", { class: "whole" }, day(row.deadline)) : el("span", { class: "sub" }, say("wk_no_day"));
  return [say(`task_${row.task}`), name, stateOf(row), row.unit ?? say("wk_nobody"), row.area ?? "–", [due, late(row)]];
}

function problemRow(row) {
  const since = row.since ? [el("span", { class: "whole" }, day(row.since)), el("span", { class: "sub" }, say("wk_days", { n: num(row.days) }))] : "–";
  const why = row.why ? el("span", { class: "sub why" }, sentence({ message: row.why.en, message_zh: row.why.zh })) : null;
  return [[say(`trouble_${row.trouble}`), why], subject(row, row.name), stateOf(row), row.unit ?? say("wk_nobody"), row.area ?? "–", since];
}

function dutyRow(row) {
  const unseen = row.unseen_share === null ? "–" : [percent(row.unseen_share), el("span", { class: "sub" }, say("wk_of_area", { area: landArea(row.area_m2) }))];
  return [
    el("a", { href: row.link }, row.name), row.unit ?? say("wk_nobody"),
    ...COUNTS.map(([key]) => (row[key] ? num(row[key]) : el("span", { class: "zero" }, num(0)))), unseen,
  ];
}

function kinds(node, listed, prefix) {
  node.replaceChildren(...Object.entries(listed.counts).map(([key, n]) => {
    const overdue = listed.overdue[key] ?? 0;
    const values = { what: say(`${prefix}_${key}`), n: num(n), late: num(overdue) };
    return el("li", { "data-kind": key }, overdue ? say("wk_kind_late", values) : say("wk_kind_count", values));
  }));
}

function fill(id, listed, keys, row, empty) {
  const table = listed.rows.length ? plainTable(columns(keys), listed.rows.map(row), say(keys[0])) : el("p", { class: "hint empty" }, say(empty));
  const cut = listed.rows.length < listed.total && listed.rows.length ? el("p", { class: "hint" }, say("wk_shown", { shown: num(listed.rows.length), total: num(listed.total) })) : null;
  part(id).replaceChildren(table, ...(cut ? [cut] : []));
}

function place(told) {
  const { tasks, problems, duties } = told;
  const on = day(told.as_of);
  part("whose").textContent = told.unit ? told.unit.name : "";
  part("tasks-told").textContent = say("wk_tasks_of", { total: num(tasks.total), day: on, cases: num(tasks.of.cases), sites: num(tasks.of.sites), gaps: num(tasks.of.gaps) });
  part("problems-told").textContent = say("wk_problems_of", { total: num(problems.total), day: on, cases: num(problems.of.cases), sites: num(problems.of.sites) });
  part("duties-told").textContent = say("wk_duties_of", {
    total: num(duties.total), areas: num(duties.of.areas), open: num(duties.counts.open), cases: num(duties.of.open),
    own: num(duties.counts.sites), sites: num(duties.of.sites), day: on,
  });
  kinds(part("tasks-kinds"), tasks, "task");
  kinds(part("problems-kinds"), problems, "trouble");
  fill("tasks", tasks, TASKS, taskRow, "wk_no_tasks");
  fill("problems", problems, PROBLEMS, problemRow, "wk_no_problems");
  const heads = [{ words: say("wk_ground") }, { words: say("wk_answers") }, ...COUNTS.map(([, key]) => ({ words: say(key), number: true })), { words: say("wk_duty_unseen"), number: true }];
  const { open, sites } = duties.elsewhere;
  part("duties").replaceChildren(
    duties.rows.length ? plainTable(heads, duties.rows.map(dutyRow), say("wk_answers")) : el("p", { class: "hint empty" }, say("wk_no_duties")),
    ...(open || sites ? [el("p", { class: "hint" }, say("wk_elsewhere", { open: num(open), sites: num(sites) }))] : []));
  part("basis").textContent = [
    told.campaign ? say("wk_gaps_of", { campaign: told.campaign, day: day(told.data_until) }) : say("wk_no_campaign"),
    problems.tips_counted ? "" : say("wk_no_tips"),
  ].join(" ");
}

async function show() {
  const mine = ++asked;
  const unit = form.elements.unit.value || null;
  const query = unit ? `?${new URLSearchParams({ unit })}` : "";
  part("workbook").href = `/api/v1/work.xlsx${query}`;
  whole.setAttribute("aria-busy", "true");
  part("message").hidden = true;
  try {
    const told = await ask("work", { unit });
    if (mine === asked) place(told);
  } catch (error) {
    if (mine !== asked) return;
    part("message").textContent = error.message;
    part("message").hidden = false;
  } finally {
    if (mine === asked) whole.setAttribute("aria-busy", "false");
  }
}

form.elements.unit.append(...page.units.map(([code, name]) => el("option", { value: code }, name)));
form.elements.unit.value = new URLSearchParams(location.search).get("unit") ?? page.unit ?? "";
form.addEventListener("submit", (event) => event.preventDefault());
form.elements.unit.addEventListener("change", () => {
  const unit = form.elements.unit.value;
  history.replaceState(null, "", unit ? `?${new URLSearchParams({ unit })}` : location.pathname);
  show();
});
part("print").addEventListener("click", () => print());
show();
