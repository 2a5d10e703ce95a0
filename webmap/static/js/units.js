// Units, and which of them answers for which area.

import { ask, el, page, say, tell } from "./page.js";
import { wireBoundaries } from "./boundaries.js";
import { fold, listRow, listTable } from "./lists.js";

const of = (id) => document.getElementById(id);
const message = of("message");
const status = of("status");
const form = of("add");
const UNITS = [{ words: say("unit_code") }, { words: say("unit_name") }, { words: say("unit_parent") }, { words: say("unit_areas") }];
const AREAS = [{ words: say("area_name") }, { words: say("unit_code") }, { words: say("area_unit") }];

function fail(words) {
  message.textContent = words;
  message.hidden = !words;
}

async function attempt(deed) {
  fail("");
  try {
    await deed();
  } catch (error) {
    fail(error.message);
    message.scrollIntoView({ block: "center" });
  }
}

const option = (value, words) => el("option", { value }, words);

function unitChoice(units, area) {
  const choice = el("select", { "aria-label": `${say("area_unit")}: ${area.name}` },
    option("", say("unit_none")), units.map((unit) => option(unit.code, `${unit.name} (${unit.code})`)));
  choice.value = area.unit_code ?? "";
  choice.addEventListener("change", () => attempt(async () => {
    await tell(`areas/${encodeURIComponent(area.code)}/unit`, { unit: choice.value || null });
    status.textContent = say("unit_saved", { name: area.name });
    await load();
  }));
  return choice;
}

async function load() {
  const { units, areas, whole } = await ask("units");
  const names = new Map(units.map((unit) => [unit.code, unit.name]));
  const shown = (code) => (code === null ? say("unit_none") : `${names.get(code) ?? ""} (${code})`);
  const { table, body } = listTable(UNITS, say("units_caption"));
  body.append(...units.map((unit) => listRow(UNITS, [
    unit.code, unit.name, unit.parent_code ? shown(unit.parent_code) : "–",
    areas.filter((area) => area.unit_code === unit.code).map((area) => area.name).join(" · ") || "–",
  ])));
  of("units").replaceChildren(units.length ? fold(table) : el("p", { class: "hint empty" }, say("no_units")));
  of("units").setAttribute("aria-busy", "false");
  const ground = listTable(AREAS, say("areas_caption"));
  ground.body.append(...areas.map((area) => listRow(AREAS, [
    area.name, area.code, page.may_change ? unitChoice(units, area) : shown(area.unit_code),
  ])));
  of("areas").replaceChildren(areas.length ? fold(ground.table) : el("p", { class: "hint empty" }, say("no_areas_yet")));
  of("areas").setAttribute("aria-busy", "false");
  form?.elements.parent.replaceChildren(...(whole ? [option("", "–")] : []), ...units.map((unit) => option(unit.code, `${unit.name} (${unit.code})`)));
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  const { code, name, parent } = form.elements;
  attempt(async () => {
    await tell("units", { code: code.value, name: name.value, parent: parent.value });
    status.textContent = say("unit_saved", { name: name.value });
    form.reset();
    await load();
  });
});
wireBoundaries(load, fail);
attempt(load);
