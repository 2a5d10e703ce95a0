// Satellite targets: lists that came, one of them matched with the local dossiers both ways.

import { ask, day, el, moment, num, page, percent, plotArea, say, tell } from "./page.js";
import { listRow, listTable } from "./lists.js";
import { newId } from "./outbox.js";
import { wireImport } from "./target_import.js";

const MOST_SHOWN = 500;
const $ = (id) => document.getElementById(id);
const message = $("message");
const options = $("options");
let lists = [];
let shown = null;
let asked = 0;

function fail(words) {
  message.textContent = words;
  message.hidden = !words;
}

const stateOf = (one) => say(`state_${one.state}`);
const caseLink = (one) => el("a", { href: `/cases/${one.id}`, class: "whole" }, one.number);
const placeWords = ([lon, lat]) => `${num(lon, 5)}, ${num(lat, 5)}`;
const unitNames = new Map(page.units);

function listsTable() {
  const columns = [{ words: say("target_list") }, { words: say("targets_count"), number: true }, { words: say("list_day") }, { words: say("tolerance"), number: true }, { words: say("imported") }];
  const { table, body } = listTable(columns, say("target_lists"));
  body.append(...lists.map((one) => listRow(columns, [
    [el("a", { href: `?list=${one.id}`, "data-main-link": true, onclick: (event) => { event.preventDefault(); open(one.id); } }, one.name),
      one.refused ? el("span", { class: "sub" }, say("rows_refused", { n: num(one.refused) })) : null].filter(Boolean),
    num(one.targets), one.day ? day(one.day) : "–", `${num(one.tolerance_m)} ${say("metres")}`,
    [moment(one.added_at), el("span", { class: "sub" }, one.added_by)],
  ], { "data-list": one.id })));
  return table;
}

/** Show the lists, and the wanted one, else the newest. */
async function load(wanted = null) {
  try {
    lists = (await ask("target-lists")).lists;
    $("lists").replaceChildren(lists.length ? listsTable() : el("p", { class: "hint empty" }, say("no_lists")));
    const chosen = lists.find(({ id }) => id === wanted) ?? lists[0];
    if (chosen) await open(chosen.id);
  } catch (error) {
    fail(error.message);
  } finally {
    $("lists").setAttribute("aria-busy", "false");
  }
}

function open(id) {
  shown = lists.find((one) => one.id === id);
  history.replaceState(null, "", `?list=${id}`);
  for (const row of document.querySelectorAll("[data-list]")) row.classList.toggle("chosen", row.dataset.list === String(id));
  options.hidden = false;
  options.reset();
  options.elements.tolerance.value = shown.tolerance_m;
  return match();
}

async function match() {
  const mine = ++asked;
  const of = (name) => options.elements[name].value || null;
  $("result").setAttribute("aria-busy", "true");
  try {
    const told = await ask(`target-lists/${shown.id}/match`, { tolerance: of("tolerance"), from: of("from"), to: of("to") });
    if (mine !== asked) return;
    fail("");
    options.elements.from.value = told.window.first;
    options.elements.to.value = told.window.last;
    $("result").replaceChildren(...resultParts(told));
  } catch (error) {
    if (mine === asked) fail(error.message);
  } finally {
    $("result").setAttribute("aria-busy", "false");
  }
}

function rateCard(id, words, { matched, total, rate }) {
  return el("li", { id }, el("b", {}, percent(rate)), el("span", {}, words),
    el("span", {}, say("rate_of", { matched: num(matched), total: num(total) })));
}

function resultParts(told) {
  const { window: days, left_out: left } = told;
  const basis = { m: num(told.tolerance_m), first: day(days.first), last: day(days.last), left: num(left) };
  return [
    el("h2", {}, told.list.name),
    el("ul", { class: "rates" }, rateCard("target-rate", say("target_rate"), told.targets), rateCard("dossier-rate", say("dossier_rate"), told.dossiers)),
    el("p", { class: "hint" }, say("match_basis", basis)),
    notesPart(told.list.problems),
    el("h3", {}, say("by_tolerance")), toleranceTable(told.by_tolerance),
    el("h3", {}, `${say("unmatched_targets")} (${num(told.unmatched_targets.length)})`), ...targetsPart(told),
    el("h3", {}, `${say("unmatched_cases")} (${num(told.unmatched_cases.length)})`), ...casesPart(told.unmatched_cases),
    el("details", { class: "assumed" }, el("summary", {}, `${say("pairs_found")} (${num(told.pairs.length)})`), ...pairsPart(told.pairs)),
  ].filter(Boolean);
}

function notesPart(problems) {
  if (!problems.length) return null;
  const key = page.words.language === "zh_CN" ? "message_zh" : "message";
  return el("details", { class: "assumed" }, el("summary", {}, say("notes_of_import")), el("ul", { class: "notes" }, problems.map((one) => el("li", {}, one[key]))));
}

function toleranceTable(rows) {
  const columns = [{ words: say("tolerance"), number: true }, { words: say("pairs"), number: true }, { words: say("targets_matched"), number: true }, { words: say("dossiers_matched"), number: true }];
  const { table, body } = listTable(columns, say("by_tolerance"));
  body.append(...rows.map((one) => listRow(columns, [
    `${num(one.tolerance_m)} ${say("metres")}`, one.matched === null ? say("too_near") : num(one.matched), percent(one.targets), percent(one.dossiers),
  ], { "data-tolerance": one.tolerance_m })));
  return el("div", { class: "wide-table tolerances" }, table);
}

/** Return a list of at most so many rows, and how many there are where some are left out. */
function cut(columns, name, rows, made) {
  const { table, body } = listTable(columns, name);
  body.append(...rows.slice(0, MOST_SHOWN).map(made));
  const more = rows.length > MOST_SHOWN ? el("p", { class: "hint" }, say("shown_of", { n: num(MOST_SHOWN), total: num(rows.length) })) : null;
  return [more, el("div", { class: "list" }, table)].filter(Boolean);
}

function targetsPart(told) {
  const rows = told.unmatched_targets;
  if (!rows.length) return [el("p", { class: "hint" }, say("all_targets_matched"))];
  const mayOpen = told.may_open;
  const columns = [...(mayOpen ? [{ words: say("chosen") }] : []), { words: say("target") }, { words: say("place") }, { words: say("stated_area") }, { words: say("list_day") }, { words: say("target_case") }];
  const boxes = [];
  const parts = cut(columns, say("unmatched_targets"), rows, (one) => {
    const box = mayOpen && !one.case ? el("input", { type: "checkbox", value: one.id, "aria-label": `${say("target")} ${one.code}` }) : "";
    if (box) boxes.push(box);
    return listRow(columns, [
      ...(mayOpen ? [box] : []),
      [el("b", {}, one.code), one.note ? el("span", { class: "sub" }, one.note) : null].filter(Boolean),
      placeWords(one.place), one.area_m2 === null ? "–" : plotArea(one.area_m2), one.day ? day(one.day) : "–",
      one.case ? caseLink(one.case) : "–",
    ], { "data-target": one.id });
  });
  return mayOpen && boxes.length ? [...parts, choosingPart(boxes)] : parts;
}

function choosingPart(boxes) {
  const told = el("p", { role: "status" });
  const all = el("input", { type: "checkbox", id: "choose-all" });
  const button = el("button", { type: "button", class: "primary", id: "open-chosen", disabled: true }, say("open_chosen", { n: 0 }));
  const chosen = () => boxes.filter((box) => box.checked).map((box) => Number(box.value));
  const fit = () => {
    const n = chosen().length;
    button.disabled = !n;
    button.textContent = say("open_chosen", { n: num(n) });
    all.checked = n === boxes.length;
  };
  for (const box of boxes) box.addEventListener("change", fit);
  all.addEventListener("change", () => { for (const box of boxes) box.checked = all.checked; fit(); });
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const done = await tell(`target-lists/${shown.id}/cases`, { targets: chosen(), client_id: newId() });
      const words = say("opened_targets", { n: num(done.opened.length), known: num(done.known.length) });
      await match();
      $("told").textContent = words;
    } catch (error) {
      told.textContent = error.message;
      fit();
    }
  });
  return el("div", { class: "choosing" }, el("label", {}, all, " ", say("choose_all")), button, told);
}

function casesPart(rows) {
  if (!rows.length) return [el("p", { class: "hint" }, say("all_cases_matched"))];
  const columns = [{ words: say("case_number") }, { words: say("case_title") }, { words: say("case_state") }, { words: say("place") }];
  return cut(columns, say("unmatched_cases"), rows, (one) => listRow(columns, [
    caseLink(one), [one.title, el("span", { class: "sub" }, unitNames.get(one.unit_code) ?? "")], stateOf(one), placeWords(one.place),
  ], { "data-case": one.id }));
}

function pairsPart(rows) {
  if (!rows.length) return [el("p", { class: "hint" }, say("no_pairs"))];
  const columns = [{ words: say("target") }, { words: say("dossier") }, { words: say("case_state") }, { words: say("distance"), number: true }];
  return cut(columns, say("pairs_found"), rows, (one) => listRow(columns, [
    one.target.code, [caseLink(one.case), " ", one.case.title], stateOf(one.case), `${num(one.distance_m, 1)} ${say("metres")}`,
  ], { "data-pair": one.target.id }));
}

options.addEventListener("submit", (event) => { event.preventDefault(); match(); });
wireImport((id) => load(id), fail);
load(Number(new URLSearchParams(location.search).get("list")) || null);
