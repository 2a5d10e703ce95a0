// Cross-checks: the draws of a campaign, the cells of one of them, and what was found there.

import { ask, day, el, moment, num, page, percent, say, sentence, tell } from "./page.js";
import { listRow, listTable } from "./lists.js";

const form = document.getElementById("draw-form");
const message = document.getElementById("message");
const draws = document.getElementById("draws");
const shownDraw = document.getElementById("draw");
const AT_ONCE = 50;
const COUNTS = ["first_only", "second_only", "both"];
let campaign = null;

const DRAWS = [
  { words: say("seed") }, { words: say("drawn_on") }, { words: say("drawn_cells"), number: true },
  { words: say("searched_again"), number: true }, { words: say("entered"), number: true }, { words: say("result") },
];
const CELLS = [
  { words: say("cell_name") }, { words: say("place") }, { words: say("checking_unit") }, { words: say("cleared_by") },
  { words: say("believed"), number: true }, { words: say("searched_again") }, { words: say("finds") },
];

function fail(words) {
  message.textContent = words;
  message.hidden = !words;
  if (words) message.scrollIntoView({ block: "nearest" });
}

const notes = (told) => told.notes.map((en, k) => el("li", {}, sentence({ message: en, message_zh: told.notes_zh[k] })));
const short = (result) => (result ? percent(result.rate.rate) : say("nothing_entered"));

function drawRow(check) {
  return listRow(DRAWS, [
    el("a", { href: `?draw=${check.id}`, "data-main-link": true, onclick: (event) => { event.preventDefault(); open(check.id, true); } }, check.seed),
    [el("span", { class: "whole" }, moment(check.drawn_at)), el("span", { class: "sub" }, check.drawn_by)],
    [num(check.drawn), check.drawn_from.cleared === null ? null : el("span", { class: "sub" }, say("of_cleared", { share: percent(check.share), n: num(check.drawn_from.cleared) }))],
    num(check.checked), num(check.entered), short(check.result),
  ], { "data-check": check.id });
}

/** Return what the finds say, in sentences. */
function resultPart(check) {
  const { result } = check;
  if (!result) return el("p", { class: "lead" }, say("no_finds_yet"));
  const { rate, both_teams: teams } = result;
  return el("div", { class: "lead" },
    el("p", { id: "result" }, say("result_sentence", {
      n: num(result.cells), found: num(rate.found), missed: num(rate.missed), believed: percent(result.believed),
      rate: percent(rate.rate), low: percent(rate.low), high: percent(rate.high) })),
    el("p", {}, say("both_missed", { n: num(teams.missed, 1), low: num(teams.low, 1), high: num(teams.high, 1) })),
    el("ul", { class: "notes" }, notes(rate), notes(teams)),
    page.may_decide && !rate.too_few ? adoptPart(check) : null);
}

function adoptPart(check) {
  const told = el("p", { role: "status" });
  const button = el("button", { type: "button", id: "adopt", onclick: async () => {
    button.disabled = true;
    told.textContent = say("taking_over");
    try {
      const { looks } = await tell(`checks/${check.id}/adopt`, {});
      told.replaceChildren(say("taken_over", { n: num(looks) }), " ", el("a", { href: "/rates" }, say("rates")));
    } catch (error) {
      told.textContent = error.message;
      button.disabled = false;
    }
  } }, say("adopt_check"));
  return el("div", {}, button, told);
}

/** Return the finds of a cell, and the form to enter them. */
function findsPart(check, cell) {
  const words = cell.found ? say("finds_words", { first: num(cell.found.first_only), second: num(cell.found.second_only), both: num(cell.found.both) }) : page.may_decide ? "" : "–";
  const shown = [el("span", {}, words), cell.found?.note ? el("span", { class: "sub" }, cell.found.note) : null].filter(Boolean);
  if (!page.may_decide) return shown;
  const enter = el("button", { type: "button", class: "link", onclick: () => enter.replaceWith(findsForm(check, cell)) }, say(cell.found ? "change_finds" : "enter_finds"));
  return [...shown, enter];
}

function findsForm(check, cell) {
  const told = el("p", { class: "problem", role: "alert", hidden: true });
  const fields = COUNTS.map((name) => el("label", { class: "field" }, say(name),
    el("input", { name, type: "number", min: 0, max: 10000, step: 1, value: cell.found?.[name] ?? 0, required: true, inputmode: "numeric" })));
  const entry = el("form", { class: "finds-form", onsubmit: async (event) => {
    event.preventDefault();
    const values = Object.fromEntries(COUNTS.map((name) => [name, Number(entry.elements[name].value)]));
    try {
      show(await tell(`checks/${check.id}/finds`, { cell: cell.cell, note: entry.elements.note.value, ...values }));
      await showDraws();
    } catch (error) {
      told.textContent = error.message;
      told.hidden = false;
    }
  } }, fields, el("label", { class: "field" }, say("note"), el("input", { name: "note", maxlength: 500, value: cell.found?.note ?? "", autocomplete: "off" })),
  el("button", { type: "submit", class: "primary" }, say("keep_finds")), told);
  return entry;
}

function cellRow(check, cell) {
  return listRow(CELLS, [
    el("span", { class: "whole" }, cell.cell),
    el("a", { href: `/map#view=${cell.lat},${cell.lon},17` }, `${cell.lon.toFixed(5)}, ${cell.lat.toFixed(5)}`),
    cell.unit_name, cell.cleared_by_name ?? say("unknown"), percent(cell.pod),
    cell.checked ? el("span", { class: "good" }, day(cell.checked)) : say("not_yet"), findsPart(check, cell),
  ], { "data-cell": cell.cell });
}

function downloads(check, units) {
  const one = (unit, name) => el("li", {}, el("span", {}, name),
    ...["csv", "gpx"].map((kind) => el("a", { class: "button", download: true, href: `/api/v1/checks/${check.id}/cells.${kind}${unit ? `?unit=${encodeURIComponent(unit)}` : ""}` }, kind.toUpperCase())));
  return el("ul", { class: "downloads" }, one(null, say("all_units")), [...units].map(([unit, { name, n }]) => one(unit, say("unit_cells", { name, n: num(n) }))));
}

function show(check) {
  const units = new Map();
  for (const cell of check.cells) units.set(cell.unit, { name: cell.unit_name, n: (units.get(cell.unit)?.n ?? 0) + 1 });
  const { table, body } = listTable(CELLS, say("drawn_cells"));
  let told = 0;
  const more = el("button", { type: "button", onclick: () => add() }, say("more"));
  const add = () => {
    body.append(...check.cells.slice(told, told + AT_ONCE).map((cell) => cellRow(check, cell)));
    told = Math.min(told + AT_ONCE, check.cells.length);
    more.hidden = told >= check.cells.length;
  };
  add();
  shownDraw.replaceChildren(
    el("h3", {}, say("draw_of", { seed: check.seed, day: day(check.as_of) })),
    el("p", {}, say("draw_progress", { checked: num(check.checked), entered: num(check.entered), total: num(check.cells.length) })),
    resultPart(check), downloads(check, units), el("div", { class: "list" }, table), more);
}

async function open(id, step) {
  try {
    show(await ask(`checks/${id}`));
    if (step) history.pushState(null, "", `?draw=${id}`);
    shownDraw.focus({ preventScroll: true });
    shownDraw.scrollIntoView({ block: "start" });
  } catch (error) {
    fail(error.message);
  }
}

async function showDraws() {
  const found = await ask("checks");
  campaign = found.campaign;
  const { table, body } = listTable(DRAWS, say("cross_checks"));
  body.append(...found.checks.map(drawRow));
  draws.replaceChildren(found.checks.length ? table : el("p", { class: "hint" }, say("no_draws")));
  draws.setAttribute("aria-busy", "false");
  if (!form) return found;
  document.getElementById("drawable").textContent = found.cleared
    ? say("drawable", { n: num(found.cleared), total: num(found.cells), day: day(found.as_of) }) : say("nothing_cleared");
  const units = document.getElementById("units");
  if (!units.children.length) {
    units.replaceChildren(...found.units.map(({ code, name }) => el("label", {}, el("input", { type: "checkbox", name: "unit", value: code, checked: true }), name)));
  }
  form.setAttribute("aria-busy", "false");
  return found;
}

async function drawCells(event) {
  event.preventDefault();
  fail("");
  const units = [...form.querySelectorAll("input[name=unit]:checked")].map((box) => box.value);
  try {
    const check = await tell("checks", { seed: form.elements.seed.value, share: Number(form.elements.share.value) / 100, units, campaign: campaign.id });
    await showDraws();
    show(check);
    history.pushState(null, "", `?draw=${check.id}`);
    shownDraw.focus({ preventScroll: true });
  } catch (error) {
    fail(error.message);
  }
}

const asked = () => new URLSearchParams(location.search).get("draw");
form?.addEventListener("submit", drawCells);
window.addEventListener("popstate", () => { if (asked()) open(asked(), false); else shownDraw.replaceChildren(); });
showDraws().then(() => (asked() ? open(asked(), false) : null)).catch((error) => {
  fail(error.message);
  draws.replaceChildren();
  draws.setAttribute("aria-busy", "false");
});
