// Patrols by day, and how a month stands by unit and person; the month is in the address.

import { ask, clock, day, distance, duration, el, num, percent, say, sentence } from "./page.js";
import { arrowKeys, listRow, listTable } from "./lists.js";
import { peopleOf, verdict } from "./outings.js";

const form = document.getElementById("month-form");
const list = document.getElementById("list");
const indicators = document.getElementById("indicators");
const message = document.getElementById("message");
const given = new URLSearchParams(location.search).get("month");

const inWords = (text) => sentence({ message: text.en, message_zh: text.zh });

const UNIT_COLUMNS = [
  { words: say("unit") }, { words: say("roster"), number: true },
  { words: say("online_rate"), number: true }, { words: say("patrol_rate"), number: true },
  { words: say("reach_rate"), number: true }, { words: say("person_hours"), number: true },
];
const PERSON_COLUMNS = [
  { words: say("person") }, { words: say("unit") }, { words: say("days_out"), number: true },
  { words: say("valid_days"), number: true }, { words: say("required_days"), number: true },
  { words: say("person_hours"), number: true }, { words: say("standard") },
];
const PATROL_COLUMNS = [
  { words: say("day_time") }, { words: say("unit_team") }, { words: say("mode") }, { words: say("purpose") },
  { words: say("people") }, { words: say("distance_once"), number: true }, { words: say("length_inside"), number: true },
  { words: say("took"), number: true }, { words: say("person_hours"), number: true },
  { words: say("valid_patrol") }, { words: say("tracks") },
];

const rate = (value, part, whole, decimals = 0) =>
  value === null ? "–" : [percent(value), el("span", { class: "sub" }, `${num(part, decimals)} / ${num(whole)}`)];

function unitRow(unit, name) {
  return listRow(UNIT_COLUMNS, [
    name, num(unit.roster), rate(unit.online_rate, unit.online, unit.roster),
    rate(unit.patrol_rate, unit.patrol_sum, unit.roster, 2), rate(unit.reach_rate, unit.reached, unit.roster),
    `${num(unit.person_hours, 1)} ${say("hours")}`,
  ]);
}

const scroll = (table, words) => el("div", { class: "list", tabindex: 0, role: "region", "aria-label": words }, table);

function peopleTable(people, names, key) {
  if (!people.length) return null;
  const { table, body } = listTable(PERSON_COLUMNS, say(key));
  body.append(...people.map((person) => listRow(PERSON_COLUMNS, [
    person.code, names[person.unit_code] ?? person.unit_code ?? say("no_unit"), num(person.days), num(person.valid_days),
    person.required_days === null ? "–" : num(person.required_days), `${num(person.hours, 1)} ${say("hours")}`,
    person.met === null ? "–" : el("span", { class: person.met ? "good" : "bad" }, say(person.met ? "standard_met" : "standard_missed")),
  ])));
  return el("details", {}, el("summary", {}, say(key, { n: num(people.length) })), scroll(table, say(key, { n: num(people.length) })));
}

function showMonth(report) {
  const names = report.unit_names;
  const definitions = el("ul", { class: "notes" }, report.definitions.map((text) => el("li", {}, inWords(text))));
  const parts = [definitions, peopleTable(report.people, names, "people_of_roster"), peopleTable(report.unknown_people, names, "people_unknown")];
  if (report.total.roster) {
    const { table, body } = listTable(UNIT_COLUMNS, say("indicators"));
    body.append(...report.units.map((unit) => unitRow(unit, names[unit.unit_code] ?? unit.unit_code ?? say("no_unit"))), unitRow(report.total, say("sum")));
    parts.unshift(scroll(table, say("indicators")));
  }
  indicators.replaceChildren(...parts.filter(Boolean));
  indicators.setAttribute("aria-busy", "false");
}

function patrolRow(patrol) {
  const lasting = patrol.first_time ? (Date.parse(patrol.last_time) - Date.parse(patrol.first_time)) / 1000 : null;
  const hours = patrol.first_time ? `${clock(patrol.first_time)} – ${clock(patrol.last_time)}` : "";
  const links = patrol.tracks.flatMap((id, k) => [
    k ? say("comma") : "", el("a", { href: `/tracks/${id}`, "data-main-link": k === 0 }, String(id))]);
  return listRow(PATROL_COLUMNS, [
    [el("span", { class: "whole" }, day(patrol.day)), el("span", { class: "sub" }, hours)],
    [patrol.unit ?? say("no_unit"), el("span", { class: "sub" }, patrol.team ?? "")],
    say(`mode_${patrol.mode}`), say(`purpose_${patrol.purpose}`),
    [peopleOf(patrol), el("span", { class: "sub" }, patrol.people.join(say("comma")))],
    distance(patrol.distance_m), patrol.inside_length_m === null ? "–" : distance(patrol.inside_length_m),
    lasting === null ? "–" : duration(lasting), `${num(patrol.person_hours, 1)} ${say("hours")}`,
    verdict(patrol), links,
  ], { id: `patrol-${patrol.id}` });
}

function showPatrols({ patrols }) {
  const valid = patrols.filter((patrol) => patrol.valid).length;
  const total_m = patrols.reduce((sum, patrol) => sum + patrol.distance_m, 0);
  const hours = patrols.reduce((sum, patrol) => sum + patrol.person_hours, 0);
  const figures = { n: num(patrols.length), valid: num(valid), length: distance(total_m), hours: num(hours, 1) };
  document.getElementById("count").textContent = patrols.length ? say("patrols_listed", figures) : say("no_patrols");
  const { table, body } = listTable(PATROL_COLUMNS, say("patrols"));
  body.append(...patrols.map(patrolRow));
  list.replaceChildren(...(patrols.length ? [table] : []));
  list.setAttribute("aria-busy", "false");
  const chosen = location.hash.startsWith("#patrol-") ? document.getElementById(location.hash.slice(1)) : null;
  chosen?.classList.add("chosen");
  chosen?.scrollIntoView({ block: "center" });
}

/** Return a month (2026-05) some months on. */
function monthAway(month, steps) {
  const [year, number] = month.split("-").map(Number);
  return new Date(Date.UTC(year, number - 1 + steps, 1)).toISOString().slice(0, 7);
}

async function load() {
  const report = await ask("patrol-months", { month: given || null });
  const { month } = report;
  form.elements.month.value = month;
  for (const [id, steps] of [["month-before", -1], ["month-after", 1]]) {
    document.getElementById(id).href = `?month=${monthAway(month, steps)}`;
  }
  showMonth(report);
  const last = new Date(Date.parse(`${monthAway(month, 1)}-01T00:00:00Z`) - 1).toISOString().slice(0, 10);
  showPatrols(await ask("patrols", { from: `${month}-01`, to: last }));
}

arrowKeys(list);
load().catch((error) => {
  message.textContent = error.message;
  message.hidden = false;
  for (const node of [list, indicators]) {
    node.replaceChildren();
    node.setAttribute("aria-busy", "false");
  }
});
