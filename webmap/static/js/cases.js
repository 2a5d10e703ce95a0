// The list of cases with its filters, and a new case by hand.

import { ask, day, el, num, page, say } from "./page.js";
import { areaWords, dueWords, plantWords, sinceWords, stateWords, unitName } from "./case_signs.js";
import { arrowKeys, listRow, listTable } from "./lists.js";
import { toldOutbox } from "./outbox.js";

const filters = document.getElementById("filters");
const list = document.getElementById("list");
const counts = document.getElementById("counts");
const message = document.getElementById("message");
const more = document.getElementById("more");
const COLUMNS = [
  { words: say("case_number") }, { words: say("case_title") }, { words: say("case_state") }, { words: say("case_unit") },
  { words: say("case_due") }, { words: say("case_found") },
];
const WAIT_MS = 250;
// Where one comes from the overview of an area, the list is of that area until one takes it off.
let { area } = page;
let rows = null;
let following = null;
let shown = 0;
let asked = 0;

function fail(words) {
  message.textContent = words;
  message.hidden = !words;
}

function fill(name, keys, prefix) {
  filters.elements[name].append(...keys.map((key) => el("option", { value: key }, say(`${prefix}_${key}`))));
}

function fillFilters() {
  fill("state", ["suspected", "triaged", "assigned", "no_access", "confirmed", "eradicated", "rechecked", "refuted", "licensed", "dismissed", "closed", "merged"], "state");
  fill("origin", ["patch", "sighting", "tip", "target", "site", "other"], "origin");
  filters.elements.unit.append(...page.units.map(([code, name]) => el("option", { value: code }, name)));
  const given = new URLSearchParams(location.search);
  for (const name of ["state", "origin", "unit", "q"]) if (given.has(name)) filters.elements[name].value = given.get(name);
  filters.elements.overdue.checked = given.get("overdue") === "1";
}

/** Return what the filters ask for; the same stands in the address. */
function wanted() {
  const { state, origin, unit, q, overdue } = filters.elements;
  return {
    state: state.value || null, origin: origin.value || null, unit: unit.value || null,
    q: q.value.trim() || null, overdue: overdue.checked ? "1" : null, area: area?.[0] ?? null,
  };
}

function caseRow(one) {
  return listRow(COLUMNS, [
    el("a", { href: `/cases/${one.id}`, "data-main-link": true, class: "whole" }, one.number),
    [one.title, el("span", { class: "sub" }, say(`origin_${one.origin}`))],
    [stateWords(one), el("span", { class: "sub" }, sinceWords(one))],
    unitName(one.unit_code),
    dueWords(one),
    [plantWords(one.plants), one.area_m2 ? el("span", { class: "sub" }, areaWords(one.area_m2)) : null],
  ], { "data-case": one.id });
}

async function show(further = false) {
  const mine = ++asked;
  const query = wanted();
  list.setAttribute("aria-busy", "true");
  try {
    const told = await ask("cases", { ...query, limit: 100, before: further ? following : null });
    if (mine !== asked) return;
    fail("");
    place(told, further, Object.values(query).some(Boolean));
  } catch (error) {
    if (mine === asked) fail(error.message);
  } finally {
    list.setAttribute("aria-busy", "false");
  }
}

function place(told, further, filtered) {
  if (!further) {
    const { table, body } = listTable(COLUMNS, say("case_number"));
    rows = body;
    shown = 0;
    list.replaceChildren(told.cases.length ? table : el("p", { class: "hint empty" }, say(filtered ? "none_match" : "no_cases")));
  }
  rows.append(...told.cases.map(caseRow));
  shown += told.cases.length;
  following = told.next;
  more.hidden = following === null;
  const { total, open, overdue, as_of: asOf } = told.counts;
  counts.textContent = say("cases_of", { shown: num(shown), total: num(total), open: num(open), overdue: num(overdue), day: day(asOf) });
}

function wireFilters() {
  let timer = null;
  const changed = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const query = new URLSearchParams(Object.entries(wanted()).filter(([, value]) => value));
      history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
      show();
    }, WAIT_MS);
  };
  filters.addEventListener("input", changed);
  filters.addEventListener("submit", (event) => { event.preventDefault(); changed(); });
  more.addEventListener("click", () => show(true));
}

function wireNew() {
  const form = document.getElementById("case-form");
  if (!form) return;
  const status = document.getElementById("case-status");
  const outbox = toldOutbox(() => show());
  document.getElementById("here").addEventListener("click", () => {
    if (!navigator.geolocation) { status.textContent = say("no_place"); return; }
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      form.elements.lon.value = coords.longitude.toFixed(6);
      form.elements.lat.value = coords.latitude.toFixed(6);
      status.textContent = say("place_taken", { m: num(coords.accuracy) });
    }, () => { status.textContent = say("no_place"); }, { enableHighAccuracy: true, timeout: 20000 });
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const of = (name) => form.elements[name].value.trim();
    const body = { title: of("title"), lon: Number(of("lon")), lat: Number(of("lat")), note: of("note"), origin: "sighting" };
    const result = await outbox.push("cases", body, body.title);
    if (result.refused) { status.textContent = result.refused.message; return; }
    status.textContent = result.answer?.case ? `${say("opened_case", { number: result.answer.case.number })} ${say("saved", { receipt: result.answer.receipt })}` : say("kept_here");
    form.reset();
    if (result.answer) show();
  });
}

function wireArea() {
  if (!area) return;
  const chip = document.getElementById("in-area");
  const off = el("button", { type: "button", class: "chip-button", "aria-label": say("area_off", { name: area[1] }) },
    el("span", {}, say("area_only", { name: area[1] })), el("span", { "aria-hidden": "true" }, "✕"));
  off.addEventListener("click", () => {
    area = null;
    chip.hidden = true;
    filters.requestSubmit();
    filters.elements.state.focus();
  });
  chip.replaceChildren(off);
  chip.hidden = false;
}

fillFilters();
wireArea();
wireFilters();
wireNew();
arrowKeys(list);
show();
