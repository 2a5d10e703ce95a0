// Sweep widths and rates that hold today, the rows behind them, and when which stage begins.

import { ask, day, drop, el, moment, num, page, percent, say, tell } from "./page.js";
import { listRow, listTable } from "./lists.js";
import { sourceWords } from "./sources.js";

const form = document.getElementById("rate-form");
const message = document.getElementById("message");
const STAGES = ["none", "seedling", "rosette", "bud", "flower", "capsule"];
const LINES = ["foot", "vehicle", "boat", "drone"];

function fail(words) {
  message.textContent = words;
  message.hidden = !words;
}

/** Return a figure of a row: metres of a line, per cent of a picture. */
const figure = (row, value) => (value === null ? "–" : row.width_m !== null ? `${num(value, value < 10 ? 1 : 0)} ${say("metres")}` : percent(value));
const interval = (row) => (row.low === null ? "" : `${figure(row, row.low)} – ${figure(row, row.high)}`);
const basis = (row) => el("span", { class: row.measured ? "basis good" : "basis" }, say(row.assumed ? "is_assumed" : row.measured ? "is_measured" : "is_entered"));

function rateCell(row) {
  return el("td", { "data-stage": row.for_stage, title: sourceWords(row.source) }, el("b", {}, figure(row, row.width_m ?? row.rate)),
    el("span", { class: "sub" }, interval(row)), basis(row));
}

/** Return the table of one kind: a row for each case, a column for each stage. */
function rateTable(rows, caption) {
  const cases = new Map();
  for (const row of rows) {
    const key = `${row.method}_${row.for_visibility}`;
    cases.set(key, { row, cells: [...(cases.get(key)?.cells ?? []), rateCell(row)] });
  }
  const body = [...cases.values()].map(({ row, cells }) => el("tr", { "data-case": `${row.method}_${row.for_visibility ?? ""}` },
    el("th", { scope: "row" }, say(`method_${row.method}`), row.for_visibility ? el("span", { class: "sub" }, say(`visibility_${row.for_visibility}`)) : null), cells));
  return el("div", { class: "scroll wide-table", tabindex: 0, role: "region", "aria-label": caption },
    el("table", {}, el("caption", { class: "visually-hidden" }, caption),
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, say("way")), STAGES.map((stage) => el("th", { scope: "col" }, say(`stage_${stage}`))))),
      el("tbody", {}, body)));
}

const ENTERED = [
  { words: say("way") }, { words: say("value"), number: true }, { words: say("interval_95"), number: true },
  { words: say("smallest_patch_of"), number: true }, { words: say("holds_from") }, { words: say("source") }, { words: say("entered_by") }, { words: say("change") },
];

function enteredRow(row) {
  const which = [say(`method_${row.method}`), row.visibility ? say(`visibility_${row.visibility}`) : null, row.stage ? say(`stage_${row.stage}`) : null];
  const sure = el("button", { type: "button", hidden: true, onclick: async () => {
    try {
      await drop(`rates/${row.id}`);
      await showRates();
    } catch (error) {
      fail(error.message);
    }
  } }, say("drop_rate_sure"));
  const first = el("button", { type: "button", class: "link", onclick: () => { sure.hidden = !sure.hidden; } }, say("drop_rate"));
  return listRow(ENTERED, [
    which.filter(Boolean).join(say("comma")), figure(row, row.width_m ?? row.rate), interval(row) || "–", `${num(row.patch_m2, row.patch_m2 % 1 ? 1 : 0)} ${say("m2")}`,
    row.valid_from ? day(row.valid_from) : say("always"), sourceWords(row.source), [el("span", {}, row.set_by), el("span", { class: "sub" }, moment(row.set_at))],
    page.may_decide ? [first, sure] : "–",
  ], { "data-rate": row.id });
}

async function showRates() {
  const { rates, entered, day: today } = await ask("rates");
  const lines = rates.filter(({ method }) => LINES.includes(method));
  const pictures = rates.filter(({ method }) => !LINES.includes(method));
  const node = document.getElementById("rates");
  node.replaceChildren(
    el("h3", {}, say("widths_of", { day: day(today) })), rateTable(lines, say("widths_of", { day: day(today) })),
    el("h3", {}, say("rates_of", { day: day(today) })), rateTable(pictures, say("rates_of", { day: day(today) })),
    el("p", { class: "hint" }, say("how_rows_win")));
  node.setAttribute("aria-busy", "false");
  const { table, body } = listTable(ENTERED, say("rates"));
  body.append(...entered.map(enteredRow));
  const list = document.getElementById("entered");
  list.replaceChildren(entered.length ? table : el("p", { class: "hint" }, say("nothing_in_table")));
  list.setAttribute("aria-busy", "false");
}

function wire() {
  const told = document.getElementById("rate-told");
  const of = (name) => form.elements[name].value.trim() || null;
  const fit = () => {
    const line = LINES.includes(of("method"));
    document.getElementById("value-words").textContent = say(line ? "width_field" : "rate_field");
    form.elements.visibility.disabled = !line;
    for (const name of ["value", "low", "high"]) form.elements[name].max = line ? 2000 : 1;
  };
  form.elements.method.addEventListener("change", fit);
  fit();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    told.className = "hint";
    told.textContent = say("making_anew");
    const line = LINES.includes(of("method"));
    const value = Number(of("value"));
    const end = (name) => (of(name) === null ? null : Number(of(name)));
    try {
      const { looks } = await tell("rates", {
        method: of("method"), visibility: line ? of("visibility") : null, stage: of("stage"), ...(line ? { width_m: value } : { rate: value }),
        low: end("low"), high: end("high"), patch_m2: Number(of("patch_m2")), valid_from: of("valid_from"), source: of("source"),
      });
      told.textContent = say("rate_entered", { n: num(looks) });
      await showRates();
    } catch (error) {
      told.textContent = error.message;
      told.className = "problem";
    }
  });
}

/** Return from when to when a stage begins in an area; one day is said once. */
const span = ([first, last]) => {
  const whole = (iso, more) => el("span", { class: "whole" }, day(iso), more);
  return first === last ? whole(first, null) : [whole(first, " –"), " ", whole(last, null)];
};

function growthTable(growth) {
  const heads = [...growth.stages.map((stage) => say(`stage_${stage}`)), say("gone")];
  const rows = growth.areas.map((area) => el("tr", {},
    el("th", { scope: "row" }, area.rest ? say("rest") : area.name, el("span", { class: "sub" }, say("stage_now", { stage: area.now.map((stage) => say(`stage_${stage}`)).join(say("comma")) }))),
    area.begins.map((begin) => el("td", {}, span(begin)))));
  return el("div", { class: "scroll wide-table growth", tabindex: 0, role: "region", "aria-label": say("growth_begins") },
    el("table", {}, el("caption", { class: "visually-hidden" }, say("growth_begins")),
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, say("areas")), heads.map((words) => el("th", { scope: "col" }, words)))),
      el("tbody", {}, rows)));
}

async function showGrowth() {
  const growth = await ask("growth");
  const holds = growth.holds.map((row) => el("li", {}, say("look_holds", { stage: say(`stage_${row.stage}`), last: row.holds_through === "gone" ? say("gone") : say(`stage_${row.holds_through}`) }),
    row.max_days ? ` ${say("at_most_days", { n: num(row.max_days) })}` : ""));
  const observed = growth.observed.map((seen) => el("li", {}, say("was_observed", { stage: say(`stage_${seen.stage}`), area: seen.area, day: day(seen.day) })));
  const node = document.getElementById("growth");
  node.replaceChildren(el("p", { class: "hint" }, say("growth_begins"), " ", say("season_as_of", { day: day(growth.as_of) })), growthTable(growth),
    el("ul", { class: "notes" }, holds, observed),
    el("p", { class: "hint" }, say(growth.own_table ? "own_growth" : "given_growth")));
  node.setAttribute("aria-busy", "false");
}

if (form) wire();
showRates().catch((error) => {
  fail(error.message);
  for (const id of ["rates", "entered"]) document.getElementById(id).replaceChildren();
});
// A county without a campaign has rates, but no ground to have stages.
showGrowth().catch((error) => {
  const node = document.getElementById("growth");
  node.replaceChildren(el("p", { class: "hint" }, error.message));
  node.setAttribute("aria-busy", "false");
});
