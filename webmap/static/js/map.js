// The map page: joins the map that folium made, the layers, the panel, the tools and the address.

import { askFirst, forgetEarly } from "./asked_early.js";
import { Drawing } from "./draw.js";
import { Layers, wireControl } from "./layers.js";
import { Compare } from "./map_compare.js";
import { showLegend } from "./map_legend.js";
import { pick } from "./map_pick.js";
import { Side, moves, small } from "./map_side.js";
import { ViewTable } from "./map_table.js";
import { wireTools } from "./map_tools.js";
import { addressOf, ask, day, el, say } from "./page.js";
import { freshness } from "./panel.js";
import * as place from "./place.js";
import { QuestionBar } from "./question.js";
import { loadShown, shownName, wireShown } from "./shown.js";

const map = window.map_main;
// Else Leaflet takes the layers' own least zoom for the map's, and a county may not fit.
map.setMinZoom(3);
const body = document.getElementById("panel-body");
const message = document.getElementById("map-message");
const floats = ["legend", "layers", "ask"].map((id) => document.getElementById(id));
let underWay = 0;
let outlined;
// Whether the next overview comes with the news which shapes there are.
let shapesDue = true;

const layers = new Layers(map, {
  area: (code) => drillTo(code),
  gap: (gap) => side.gap(gap),
  lacking: chooseGaps,
  list: (kind) => table.open(kind),
  gapFile: (kind) => addressOf(`/api/v1/gaps.${kind}`, {
    area: side.overview.area.code, campaign: side.overview.campaign.id, lacking: side.overview.lacking, ...place.question(),
  }),
  track: (id) => side.track(id),
  note: showNote,
  problem: (error) => showProblem(error),
});
const side = new Side(map, layers, {
  problem: showProblem,
  closeFloats: () => floats.forEach((one) => { one.open = false; }),
  drawAgain: () => drawing.start(),
});
const opens = {
  patches: (id, how) => side.patch(id, how), tracks: (id, how) => side.track(id, how), cases: (id, how) => side.case(id, how),
  sites: (id, how) => side.site(id, how), photos: (id, how) => side.photo(id, how), surveys: (id, how) => side.survey(id, how ?? { fly: false }),
  gaps: (gap) => side.gap(gap), areas: (code) => drillTo(code), zones: (bounds) => map.fitBounds(bounds, { maxZoom: 17, animate: moves() }),
};

function showNote(text) {
  message.replaceChildren(text);
  message.hidden = !text;
}

function showProblem(error) {
  const retry = el("button", { type: "button", class: "link", onclick: () => start() }, say("again"));
  message.replaceChildren(error.message, " ", error.status === 401 ? el("a", { href: location.pathname }, say("again")) : retry);
  message.hidden = false;
}

/** Ask for an overview; where the address names what does not exist, for the next best one. */
async function askOverview(code) {
  let wanted = place.overviewOf(code);
  const words = [];
  const late = [];
  for (;;) {
    try {
      const found = await askFirst("overview", wanted);
      if (found.days && wanted.as_of && found.as_of > found.days.last) {
        late.push(say("day_clamped", { day: day(found.days.last) }));
        place.write({ as_of: null });
        wanted = { ...wanted, as_of: null };
        continue;
      }
      return { found, words: [...words, ...late].join(" "), lost: words.length > 0 };
    } catch (error) {
      if (error.code === "bad_option" && (wanted.lacking || Object.values(place.question()).flat().some(Boolean))) {
        words.push(say("no_such_question"));
        place.write({ ...place.EVERYTHING, gaps: null, view: null });
        wanted = { area: wanted.area, campaign: wanted.campaign };
        continue;
      }
      const wrong = error.code === "no_such_area" ? "area" : "campaign";
      if (![400, 404].includes(error.status) || !wanted[wrong]) throw error;
      words.push(say(wrong === "area" ? "no_such_area" : "no_such_campaign", { given: wanted[wrong] }));
      wanted[wrong] = null;
      place.write({ [wrong]: null, view: null });
    }
  }
}

/** Count the questions under way: until the last one is answered, the panel's numbers are old. */
function busy(change) {
  underWay += change;
  body.setAttribute("aria-busy", String(underWay > 0));
}

/**
 * Load and show an area's overview; a later question wins, and this one resolves to false then.
 * With `stay` the panel keeps its subject.
 */
async function showArea(code, { fly, stay = false }) {
  const turn = side.begin();
  busy(1);
  try {
    const { found, words, lost } = await askOverview(code);
    if (side.isLate(turn)) return false;
    if ((fly || lost) && found.area) side.flyTo(found.area.bbox);
    side.overview = found;
    const due = shapesDue;
    shapesDue = false;
    layers.showOverview(found);
    layers.tellAddress(words);
    layers.shapes.refresh();
    drawWay();
    drawCampaigns();
    questions.show(found, layers);
    document.getElementById("data-date").textContent = freshness(found);
    if (!stay || !side.again) side.showOverview({ stay });
    await Promise.all([showCells(turn), outline(found.area?.code ?? null), compare.show(found), due && loadShapes()]);
    legend();
  } catch (error) {
    showProblem(error);
  } finally {
    busy(-1);
    document.getElementById("panel").setAttribute("aria-busy", "false");
  }
  return true;
}

/** Show the chosen layer of the cells, and what the map answers at the moment. */
async function showCells(turn = null) {
  const { overview } = side;
  const tiles = await loadShown(overview.campaign?.id ?? null);
  if (turn !== null && side.isLate(turn)) return;
  layers.showCells(tiles);
  const when = overview.as_of ? day(overview.as_of) : null;
  document.getElementById("ask-now").replaceChildren([shownName(), when].filter(Boolean).join(" · "));
}

async function outline(code) {
  if (code === outlined) return;
  await layers.showAreas(code);
  outlined = code;
}

const legend = () => showLegend(layers, side.overview);

/** The question changed: answer it for the map, the sums, the gaps and what the panel shows. */
async function answerAgain() {
  const turn = side.again;
  busy(1);
  try {
    layers.shapes.refresh();
    await showArea(side.overview?.area?.code ?? null, { fly: false, stay: true });
    if (turn && turn === side.again) await turn();
  } finally {
    busy(-1);
  }
}

function chooseGaps(lacking) {
  place.write({ gaps: lacking === "unseen" ? null : lacking });
  answerAgain();
}

function drillTo(code) {
  place.write({ area: code, list: null }, true);
  side.raise(false);
  showArea(code, { fly: true });
}

function drawWay() {
  const steps = side.overview.way.flatMap((step, k) => {
    const last = k === side.overview.way.length - 1;
    const button = el("button", { type: "button", "aria-current": last ? "true" : null, onclick: () => last || drillTo(step.code) }, step.name);
    return k ? [el("span", { class: "sep", "aria-hidden": "true" }, "›"), button] : [button];
  });
  const way = document.getElementById("way");
  way.replaceChildren(...steps);
  way.scrollLeft = way.scrollWidth;
}

function drawCampaigns() {
  const { campaigns, campaign } = side.overview;
  const select = document.getElementById("campaign");
  select.hidden = campaigns.length === 0;
  select.replaceChildren(...campaigns.map((c) => el("option", { value: c.id, selected: c.id === campaign.id }, c.name)));
}
document.getElementById("campaign").addEventListener("change", async (event) => {
  place.write({ campaign: event.target.value, area: null, from: null, as_of: null, swipe: null }, true);
  shapesDue = true;
  await showArea(null, { fly: true });
});

map.on("click", (event) => {
  if (drawing.active || tools.active || event.originalEvent.defaultPrevented) return;
  if (pick(map, layers.shapes, event, opens)) return;
  if (side.overview?.campaign) side.cell(event.latlng);
});

/** Learn which shapes there are; only a campaign beside others narrows them to its season. */
function loadShapes() {
  const { overview } = side;
  return layers.shapes.load(overview?.campaigns.length > 1 ? overview.campaign : null);
}

/** Follow the address: at the start, and when the browser goes back or forth. */
async function follow() {
  const { area, view, track, survey, photo, list } = place.read();
  applyLayers();
  if (view) map.setView([view.lat, view.lon], view.zoom, { animate: false });
  shapesDue = true;
  // A later step of the history shows what belongs to it.
  if (!(await showArea(area, { fly: !view })) || !side.overview) return;
  if (track) await side.track(track, { fly: true });
  if (survey) await side.survey(survey);
  if (photo) await side.photo(photo, { fly: true });
  if (list) table.open(list);
}

async function start() {
  showNote("");
  try {
    await Promise.all([follow(), layers.showFixed()]);
    questions.show(side.overview, layers);
    legend();
  } catch (error) {
    showProblem(error);
  } finally {
    forgetEarly();
  }
}

const drawing = new Drawing(map, {
  begun: () => {
    side.clearDrawn();
    document.getElementById("ask").hidden = true;
    side.raise(false);
  },
  ended: () => { document.getElementById("ask").hidden = false; },
  done: (polygon) => side.drawn(polygon),
});
const compare = new Compare(map, layers, { problem: showProblem });
const table = new ViewTable(map, layers, side, opens, showProblem);
const tools = wireTools(map, {
  draw: () => side.overview?.campaign && drawing.start(),
  compare: () => compare.toggle(side.overview),
  list: () => table.open("patches"),
  problem: showNote,
});
const questions = new QuestionBar(answerAgain);
wireShown(() => showCells().then(() => compare.show(side.overview)).catch(showProblem));
const applyLayers = wireControl(layers, () => side.overview && legend());
for (const button of document.querySelectorAll("[data-list]")) button.addEventListener("click", () => table.open(button.dataset.list));

const [legendBox, , askBar] = floats;
legendBox.open = askBar.open = !small.matches;
for (const one of floats) {
  one.addEventListener("toggle", () => {
    if (!one.open || !small.matches) return;
    for (const other of floats) if (other !== one) other.open = false;
  });
}
window.addEventListener("popstate", follow);
map.on("moveend", () => {
  const { lat, lng } = map.getCenter().wrap();
  place.write({ view: { lat, lon: lng, zoom: map.getZoom() } });
});

// Somebody may have uploaded while this page lay in the background.
document.addEventListener("visibilitychange", async () => {
  if (document.visibilityState !== "visible" || !side.overview) return;
  const before = side.overview.coverage_tiles;
  const wanted = { area: side.overview.area?.code, campaign: side.overview.campaign?.id, ...place.question() };
  const now = await ask("overview", wanted).catch(() => null);
  if (now && now.coverage_tiles !== before) start();
});

new ResizeObserver(() => map.invalidateSize()).observe(document.querySelector(".map-frame"));
start();
