// The same view on paper: the sheet is laid out in millimetres, and says when every tile is there.

import { Layers, NAMES } from "./layers.js";
import { showLegend } from "./map_legend.js";
import { ask, day, el, moment, num, say } from "./page.js";
import { freshness } from "./panel.js";
import * as place from "./place.js";
import { filterNames, narrowing } from "./map_narrowing.js";
import { loadShown, shownName } from "./shown.js";

const map = window.map_main;
const MM_PX = 96 / 25.4;
const PAPER_RATIO = 3;
const LONGEST_BAR_MM = 40;
const STEPS = [1, 2, 5];
const message = document.getElementById("map-message");
const paper = document.getElementById("paper");
const title = document.getElementById("title-field");
const button = document.getElementById("print-now");
// As many as a sheet has room for.
const MOST_UNITS = 16;
const OFF_AT_FIRST = ["photos"];

map.setMinZoom(3);
// A sheet need not stand on a whole zoom: the view fills it.
map.options.zoomSnap = 0.25;
map.options.zoomAnimation = false;
for (const handler of ["dragging", "scrollWheelZoom", "doubleClickZoom", "keyboard", "touchZoom", "boxZoom"]) map[handler]?.disable();
const layers = new Layers(map, { area: () => {}, gap: () => {}, note: () => {}, problem: fail }, { ratio: PAPER_RATIO });

function fail(error) {
  message.textContent = error.message;
  message.classList.add("problem");
}

const put = (id, ...nodes) => document.getElementById(id).replaceChildren(...nodes);

/** Return west, south, east, north of the view that is to be printed; null where the address has none. */
function wantedBox() {
  const sides = (new URLSearchParams(location.hash.slice(1)).get("box") ?? "").split(",").map(Number);
  return sides.length === 4 && sides.every(Number.isFinite) ? sides : null;
}

/** Draw the bar of a round length that is true on this paper, and say the scale. */
function drawScale() {
  const { x, y } = map.getSize();
  const mid = y / 2;
  const metres = map.distance(map.containerPointToLatLng([0, mid]), map.containerPointToLatLng([x, mid]));
  const metresPerMm = (metres / x) * MM_PX;
  const most = LONGEST_BAR_MM * metresPerMm;
  const power = 10 ** Math.floor(Math.log10(most));
  const length = Math.max(...STEPS.map((step) => step * power).filter((one) => one <= most));
  const bar = document.getElementById("scale-bar");
  bar.style.width = `${length / metresPerMm}mm`;
  bar.dataset.metres = length;
  put("scale-words", length >= 1000 ? `${num(length / 1000)} ${say("kilometres")}` : `${num(length)} ${say("metres")}`);
  const ratio = metresPerMm * 1000;
  const round = 10 ** Math.max(0, Math.floor(Math.log10(ratio)) - 2);
  put("scale-ratio", say("scale_ratio", { n: num(Math.round(ratio / round) * round), paper: paper.selectedOptions[0].textContent.trim() }));
}

/** Lay the sheet out anew, and wait until all of it is drawn. */
async function layOut(overview) {
  document.body.dataset.ready = "no";
  button.disabled = true;
  document.body.className = `map-print ${paper.value}`;
  map.invalidateSize({ animate: false });
  const [west, south, east, north] = wantedBox() ?? overview.area?.bbox ?? [73, 18, 135, 54];
  map.fitBounds([[south, west], [north, east]], { animate: false });
  drawScale();
  const box = map.getBounds();
  put("sheet-coordinates", `WGS84 · ${say("corners", { south: box.getSouth().toFixed(4), north: box.getNorth().toFixed(4), west: box.getWest().toFixed(4), east: box.getEast().toFixed(4) })}`);
  await layers.whenSettled();
  put("sheet-printed", say("printed_at", { when: moment(new Date().toISOString()) }));
  document.body.dataset.ready = "yes";
  button.disabled = false;
  message.textContent = say("print_ready");
}

async function start() {
  const { area, campaign, gaps, off, on } = place.read();
  for (const name of NAMES) layers.show(name, OFF_AT_FIRST.includes(name) ? on.includes(name) : !off.includes(name));
  const overview = await ask("overview", { area, campaign, lacking: gaps, ...place.question() });
  const [west, south, east, north] = wantedBox() ?? overview.area?.bbox ?? [73, 18, 135, 54];
  map.fitBounds([[south, west], [north, east]], { animate: false });
  layers.showOverview(overview);
  layers.showCells(await loadShown(overview.campaign?.id ?? null));
  await Promise.all([layers.showFixed(), layers.showAreas(overview.area?.code ?? null), layers.shapes.load(overview.campaigns.length > 1 ? overview.campaign : null)]);
  showLegend(layers, overview, MOST_UNITS);
  for (const one of document.querySelectorAll("#legend details")) one.open = true;
  const name = overview.area?.name ?? "";
  title.value = [name, shownName()].filter(Boolean).join(" · ");
  put("sheet-title", title.value);
  put("sheet-area", [overview.way.map((step) => step.name).join(" › "), overview.campaign?.name].filter(Boolean).join(" · "));
  put("sheet-day", [overview.as_of ? say("as_of", { day: day(overview.as_of) }) : null, freshness(overview)].filter(Boolean).join(" · "));
  const filters = narrowing(filterNames(overview, layers)).map(({ text }) => el("li", {}, text));
  put("sheet-filters", ...(filters.length ? filters : [el("li", {}, say("no_filter"))]));
  await layOut(overview);
  paper.addEventListener("change", () => layOut(overview).catch(fail));
}

title.addEventListener("input", () => put("sheet-title", title.value));
document.getElementById("paper-bar").addEventListener("submit", (event) => {
  event.preventDefault();
  window.print();
});
start().catch(fail);
