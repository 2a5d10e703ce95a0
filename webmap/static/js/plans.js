// The plans of a campaign, and a new one drawn on the map.

import { ask, day, el, num, percent, say, tell } from "./page.js";
import { Drawing } from "./draw.js";
import { showSurroundings } from "./plan_legend.js";
import { PlanMap } from "./plan_map.js";

const form = document.getElementById("wish");
const list = document.getElementById("list");
const message = document.getElementById("message");
const busy = document.getElementById("busy");
const starts = document.getElementById("starts");
const given = new URLSearchParams(location.search);
const DRAWN = "drawn";
const DAY_MS = 86_400_000;
const map = new PlanMap(window.map_main, showStarts);
let drawn = null;
let campaign = null;
const outlines = new Map();

function fail(words) {
  message.textContent = words;
  message.hidden = !words;
  if (words) message.scrollIntoView({ block: "nearest" });
}

function showStarts() {
  if (!starts) return;
  starts.replaceChildren(...map.starts.map(([lon, lat], k) => el("li", {},
    `${lon.toFixed(5)}, ${lat.toFixed(5)} `,
    el("button", { type: "button", class: "link", onclick: () => map.removeStart(k) }, say("take_away")))));
}

function chooseGround(look = true) {
  const { value } = form.elements.area;
  map.showGround(value === DRAWN ? drawn : outlines.get(value)?.geometry ?? null, look);
}

/** Let a person draw the ground; it becomes one of the choices. */
function wireDrawing() {
  const drawing = new Drawing(window.map_main, {
    begun: () => fail(""),
    ended: () => document.getElementById("draw").focus({ preventScroll: true }),
    done: (polygon) => {
      drawn = polygon;
      const choice = form.elements.area;
      if (![...choice.options].some(({ value }) => value === DRAWN)) choice.append(el("option", { value: DRAWN }, say("drawn")));
      choice.value = DRAWN;
      chooseGround(false);
    },
  });
  document.getElementById("draw").addEventListener("click", () => (drawing.active ? drawing.stop() : drawing.start()));
  window.map_main.on("click", ({ latlng }) => { if (!drawing.active) map.addStart(latlng); });
  document.getElementById("start-here").addEventListener("click", () => map.addStart());
  form.elements.area.addEventListener("change", () => chooseGround());
}

/** Return what the form asks for. */
function wish() {
  const of = (name) => form.elements[name].value.trim();
  const area = of("area");
  return {
    name: of("name"), day: of("day") || null, unit: of("unit") || null,
    teams: Number(of("teams")), hours: Number(of("hours")), speed_kmh: Number(of("speed_kmh")),
    starts: map.starts, campaign: campaign.id,
    ...(area === DRAWN ? { polygon: drawn } : area ? { area } : {}),
  };
}

async function make(event) {
  event.preventDefault();
  fail("");
  if (!map.starts.length) {
    fail(say("no_start"));
    return;
  }
  const button = document.getElementById("make");
  const began = Date.now();
  const told = () => { busy.textContent = say("planning", { n: num(Math.round((Date.now() - began) / 1000)) }); };
  const clock = setInterval(told, 1000);
  button.disabled = true;
  form.setAttribute("aria-busy", "true");
  told();
  try {
    const plan = await tell("plans", wish());
    location.assign(`/plans/${plan.id}`);
  } catch (error) {
    busy.textContent = "";
    fail(error.code === "busy" ? say("another_plan") : error.message);
    button.disabled = false;
  }
  clearInterval(clock);
  form.setAttribute("aria-busy", "false");
}

function planItem(plan) {
  const facts = [plan.day ? day(plan.day) : say("no_day"), plan.unit_name, say("teams_of", { n: num(plan.routes.length) })].filter(Boolean);
  return el("li", {}, el("a", { href: `/plans/${plan.id}`, "data-main-link": true }, plan.name),
    el("span", { class: "sub" }, facts.join(" · ")),
    el("span", { class: "sub" }, say("before_after", { before: percent(plan.confidence_before), after: percent(plan.confidence_after) })));
}

async function showList() {
  const { plans } = await ask("plans", { campaign: campaign.id });
  list.replaceChildren(plans.length ? el("ul", { class: "plan-list" }, plans.map(planItem)) : el("p", { class: "hint" }, say("no_plans")));
  list.setAttribute("aria-busy", "false");
}

function fillForm(shownDay) {
  // The day after the one shown, as long as the campaign lasts.
  const next = new Date(Date.parse(`${shownDay}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10);
  const planned = next < campaign.end ? next : campaign.end;
  form.elements.day.value = planned;
  form.elements.name.value = say("plan_name", { day: day(planned) });
  form.elements.area.append(...[...outlines].map(([code, { name }]) => el("option", { value: code }, name)));
  if (outlines.has(given.get("area"))) {
    form.elements.area.value = given.get("area");
    chooseGround();
  }
  wireDrawing();
  form.addEventListener("submit", make);
  form.setAttribute("aria-busy", "false");
}

async function load() {
  const overview = await ask("overview");
  if (!overview.campaign) throw new Error(say("no_campaign"));
  campaign = overview.campaign;
  map.start(overview.area.bbox, overview.coverage_tiles);
  const areas = await ask("areas", { parent: campaign.area });
  for (const { geometry, properties } of areas.features) {
    if (properties.code !== campaign.area) outlines.set(properties.code, { geometry, name: properties.name });
  }
  if (form) fillForm(overview.as_of);
  await Promise.all([showList(), showSurroundings(map, overview, areas)]);
}

load().catch((error) => {
  fail(error.message);
  list.replaceChildren();
  list.setAttribute("aria-busy", "false");
});
