// Licensed parcels: how long each licence holds, and what surveys show of its ground.

import { ask, day, el, num, percent, plotArea, say, sentence } from "./page.js";
import { listRow, listTable } from "./lists.js";

const list = document.getElementById("list");
const count = document.getElementById("count");
const message = document.getElementById("message");
const COLUMNS = [{ words: say("licence") }, { words: say("case_state") }, { words: say("licensed_area") }, { words: say("surveys_of") }];
const STATES = { valid: ["decided", "licence_valid"], expired: ["waiting", "licence_expired"], future: ["clear", "licence_future"], undated: ["clear", "licence_undated"] };

function dates(one) {
  if (!one.valid_from && !one.valid_to) return null;
  const [first, last] = [one.valid_from, one.valid_to].map((iso) => (iso ? day(iso) : say("open_end")));
  const whole = one.valid_from && one.valid_to;
  return el("span", { class: "sub" }, whole ? say("from_to", { first, last }) : `${first} – ${last}`);
}

function stateCell(one) {
  const left = one.state === "valid" && one.days_left !== null ? el("span", { class: "sub" }, say("days_left", { n: num(one.days_left) })) : null;
  const [mark, words] = STATES[one.state];
  return [el("span", { class: `mark ${mark}` }, say(words)), left, dates(one)].filter(Boolean);
}

function surveyItem(survey) {
  const shown = say("growth_of", { n: num(survey.patches), area: plotArea(survey.inside_m2), seen: percent(survey.seen) });
  const odd = survey.problems.map((one) => el("span", { class: "problem odd" }, sentence(one)));
  return el("li", {}, el("b", {}, survey.day ? day(survey.day) : say("unknown")), ` ${survey.name}: ${shown}`,
    ...(odd.length ? odd : [" · ", el("span", { class: "good" }, say("nothing_odd"))]));
}

function row(one) {
  return listRow(COLUMNS, [
    [el("b", {}, one.name), el("span", { class: "sub" }, one.licence_no ? say("licence_no", { number: one.licence_no }) : say("no_licence_no"))],
    stateCell(one),
    [one.licence_m2 === null ? say("not_stated") : plotArea(one.licence_m2), el("span", { class: "sub" }, `${say("parcel_area")}: ${plotArea(one.parcel_m2)}`)],
    one.surveys.length ? el("ul", { class: "growth-list" }, one.surveys.map(surveyItem)) : el("span", { class: "sub" }, say("no_survey_here")),
  ], { "data-zone": one.zone });
}

try {
  const { licences, as_of: asOf } = await ask("licences");
  const odd = licences.filter(({ surveys }) => surveys.some(({ problems }) => problems.length)).length;
  const { table, body } = listTable(COLUMNS, say("licences"));
  body.append(...licences.map(row));
  list.replaceChildren(licences.length ? table : el("p", { class: "hint empty" }, say("no_licences")));
  if (licences.length) count.textContent = say("licences_on", { n: num(licences.length), odd: num(odd), day: day(asOf) });
} catch (error) {
  message.textContent = error.message;
  message.hidden = false;
}
list.setAttribute("aria-busy", "false");
