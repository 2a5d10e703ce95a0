// The list of sites with its filters, counts by unit, and a new site.

import { ask, day, el, num, page, say, tell } from "./page.js";
import { arrowKeys, listRow, listTable } from "./lists.js";
import { dueWords, stateWords, unitName, visitWords } from "./site_signs.js";

const filters = document.getElementById("filters");
const list = document.getElementById("list");
const counts = document.getElementById("counts");
const byUnit = document.getElementById("units");
const message = document.getElementById("message");
const form = document.getElementById("site-form");
const COLUMNS = [
  { words: say("site_state") }, { words: say("site") }, { words: say("site_next") }, { words: say("site_last") },
  { words: say("site_unit") }, { words: say("site_interval"), number: true },
];
const UNITS = [{ words: say("site_unit") }, { words: say("sites_late_of"), number: true }, { words: say("site_soon"), number: true }];
let asked = 0;

function fail(words) {
  message.textContent = words;
  message.hidden = !words;
}

/** Return what the filters ask for; the same stands in the address. */
function wanted() {
  const { state, kind, unit, retired } = filters.elements;
  return { state: state.value || null, kind: kind.value || null, unit: unit.value || null, retired: retired.checked ? "1" : null };
}

const lateOf = (states) => (states.never ?? 0) + (states.overdue ?? 0);

function siteRow(site) {
  return listRow(COLUMNS, [
    stateWords(site),
    [el("a", { href: `/sites/${site.id}`, "data-main-link": true }, site.name),
      el("span", { class: "sub" }, [site.code, say(`site_kind_${site.kind}`), site.area].filter(Boolean).join(" · "))],
    dueWords(site), visitWords(site), unitName(site.unit_code), say("days_n", { n: num(site.interval_days) }),
  ], { "data-site": site.id });
}

function showUnits(found) {
  const { table, body } = listTable(UNITS, say("by_unit"));
  body.append(...found.map((one) => listRow(UNITS, [
    unitName(one.code), `${num(lateOf(one.states))} / ${num(one.required)}`, num(one.states.due_soon ?? 0),
  ])));
  byUnit.replaceChildren(...(found.length > 1 ? [el("h2", {}, say("by_unit")), el("div", { class: "list" }, table)] : []));
}

async function show() {
  const mine = ++asked;
  const query = wanted();
  list.setAttribute("aria-busy", "true");
  try {
    const told = await ask("sites", query);
    if (mine !== asked) return;
    fail("");
    const { table, body } = listTable(COLUMNS, say("site"));
    body.append(...told.sites.map(siteRow));
    const filtered = Object.values(query).some(Boolean);
    list.replaceChildren(told.sites.length ? table : el("p", { class: "hint empty" }, say(filtered ? "no_site_matches" : "no_sites")));
    const { total, required, states } = told.counts;
    counts.textContent = say("sites_counted", {
      late: num(lateOf(states)), required: num(required), soon: num(states.due_soon ?? 0), total: num(total),
      soon_days: num(page.soon_days), day: day(told.as_of),
    });
    showUnits(told.counts.units);
  } catch (error) {
    if (mine === asked) fail(error.message);
  } finally {
    if (mine === asked) list.setAttribute("aria-busy", "false");
  }
}

function wireFilters() {
  const given = new URLSearchParams(location.search);
  for (const name of ["state", "kind", "unit"]) if (given.has(name)) filters.elements[name].value = given.get(name);
  filters.elements.retired.checked = given.get("retired") === "1";
  filters.addEventListener("submit", (event) => event.preventDefault());
  filters.addEventListener("change", () => {
    const query = new URLSearchParams(Object.entries(wanted()).filter(([, value]) => value));
    history.replaceState(null, "", String(query) ? `?${query}` : location.pathname);
    show();
  });
}

function wireNew() {
  if (!form) return;
  const status = document.getElementById("site-status");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const of = (name) => form.elements[name].value.trim();
    const numbers = Object.fromEntries(["lon", "lat", "interval_days", "radius_m", "dwell_s"].map((name) => [name, Number(of(name))]));
    const body = {
      code: of("code"), name: of("name"), kind: of("kind"), unit: of("unit") || null, ...numbers,
      checklist: of("checklist").split(/[\n;;]+/).map((one) => one.trim()).filter(Boolean),
    };
    try {
      const { site } = await tell("sites", body);
      status.textContent = say("site_added", { code: site.code });
      status.className = "done";
      form.reset();
      await show();
    } catch (error) {
      status.textContent = error.message;
      status.className = "problem";
    }
  });
}

wireFilters();
wireNew();
arrowKeys(list);
show();
