// The map page: joins the map that folium made, the layers, the panel and the address.

import { cellCard } from "./cell_card.js";
import { patchCard, trackCard } from "./details.js";
import { Drawing } from "./draw.js";
import { Layers, wireControl } from "./layers.js";
import { addressOf, ask, day, el, say, tell } from "./page.js";
import { drawnCard, freshness, overviewCard } from "./panel.js";
import { photoCard } from "./photo_card.js";
import * as place from "./place.js";
import { QuestionBar } from "./question.js";
import { loadShown, shownName, wireShown } from "./shown.js";
import { surveyCard } from "./survey_card.js";

const L = window.L;
const map = window.map_main;
// Else Leaflet takes the layers' own least zoom for the map's, and a county may not fit.
map.setMinZoom(3);
const panel = document.getElementById("panel");
const body = document.getElementById("panel-body");
const message = document.getElementById("map-message");
const grip = document.getElementById("grip");
const legend = document.getElementById("legend");
const choices = document.getElementById("layers");
const askBar = document.getElementById("ask");
const small = matchMedia("(max-width: 700px)");
const STRIP_EDGE_PX = 30;
let overview = null;
let asked = 0;
let underWay = 0;
let outlined;
// How to show again what the panel shows, where that depends on the question; null for the overview.
let again = null;

const layers = new Layers(map, {
  area: (code) => drillTo(code),
  gap: flyToGap,
  lacking: chooseGaps,
  gapFile: (kind) => addressOf(`/api/v1/gaps.${kind}`, {
    area: overview.area.code, campaign: overview.campaign.id, lacking: overview.lacking, ...place.question(),
  }),
  track: openTrack,
  photo: openPhoto,
  patch: openPatch,
  note: showNote,
  problem: (error) => showProblem(error),
});

function showNote(text) {
  message.replaceChildren(text);
  message.hidden = !text;
}

function showProblem(error) {
  const retry = el("button", { type: "button", class: "link", onclick: () => start() }, say("again"));
  message.replaceChildren(error.message, " ", error.status === 401 ? el("a", { href: location.pathname }, say("again")) : retry);
  message.hidden = false;
}

function raise(up) {
  panel.classList.toggle("up", up);
  grip.setAttribute("aria-expanded", String(up));
}
grip.addEventListener("click", () => raise(!panel.classList.contains("up")));

const moves = () => !matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Move the map until a place lies in the strip that a raised panel leaves free. */
function reveal(latlng) {
  if (!small.matches) return;
  const frame = map.getContainer().getBoundingClientRect();
  const free = panel.getBoundingClientRect().top - frame.top;
  const { y } = map.latLngToContainerPoint(latlng);
  if (y < STRIP_EDGE_PX || y > free - STRIP_EDGE_PX) map.panBy([0, y - free / 2], { animate: moves() });
}

/** Fly to west, south, east, north; without motion where the system asks so. */
function flyTo([west, south, east, north], most = 19) {
  const animate = overview !== null && moves();
  map.fitBounds([[south, west], [north, east]], { padding: [24, 24], maxZoom: most, animate });
}

/** Ask for an overview; where the address names what does not exist, for the next best one. */
async function askOverview(code) {
  const { campaign, gaps } = place.read();
  let wanted = { area: code, campaign, lacking: gaps, ...place.question() };
  const words = [];
  const late = [];
  for (;;) {
    try {
      const found = await ask("overview", wanted);
      if (found.days && wanted.as_of && found.as_of > found.days.last) {
        late.push(say("day_clamped", { day: day(found.days.last) }));
        place.write({ as_of: null });
        wanted = { ...wanted, as_of: null };
        continue;
      }
      return { found, words: [...words, ...late].join(" "), lost: words.length > 0 };
    } catch (error) {
      if (error.code === "bad_option" && (gaps || Object.values(place.question()).flat().some(Boolean))) {
        words.push(say("no_such_question"));
        place.write({ as_of: null, unit: [], team: [], method: [], gaps: null, view: null });
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

/** Load and show an area's overview; a later question wins. With `stay` the panel keeps its subject. */
async function showArea(code, { fly, stay = false }) {
  const turn = ++asked;
  busy(1);
  try {
    const { found, words, lost } = await askOverview(code);
    if (turn !== asked) return;
    if ((fly || lost) && found.area) flyTo(found.area.bbox);
    overview = found;
    layers.showOverview(overview);
    layers.tellAddress(words);
    drawWay();
    drawCampaigns();
    questions.show(overview);
    document.getElementById("data-date").textContent = freshness(overview);
    if (!stay || !again) showOverview({ stay });
    await Promise.all([showCells(), outline(overview.area?.code ?? null)]);
  } catch (error) {
    showProblem(error);
  } finally {
    busy(-1);
    panel.setAttribute("aria-busy", "false");
  }
}

/** Show the chosen layer of the cells, and what the map answers at the moment. */
async function showCells() {
  const turn = asked;
  const tiles = await loadShown(overview.campaign?.id ?? null);
  if (turn !== asked) return;
  layers.showCells(tiles);
  const when = overview.as_of ? day(overview.as_of) : null;
  document.getElementById("ask-now").replaceChildren([shownName(), when].filter(Boolean).join(" · "));
}

async function outline(code) {
  if (code === outlined) return;
  await layers.showAreas(code);
  outlined = code;
}

/** The question changed: answer it for the map, the sums, the gaps and what the panel shows. */
async function answerAgain() {
  const turn = again;
  busy(1);
  try {
    await showArea(overview?.area?.code ?? null, { fly: false, stay: true });
    if (turn && turn === again) await turn();
  } finally {
    busy(-1);
  }
}

function chooseGaps(lacking) {
  place.write({ gaps: lacking === "unseen" ? null : lacking });
  answerAgain();
}

function showOverview({ stay = false } = {}) {
  again = null;
  layers.patch = null;
  layers.choose(null);
  drawn.clearLayers();
  const at = panel.scrollTop;
  body.replaceChildren(...overviewCard(overview, layers.on));
  panel.scrollTop = stay ? at : 0;
}

function drillTo(code) {
  place.write({ area: code }, true);
  raise(false);
  showArea(code, { fly: true });
}

function drawWay() {
  const steps = overview.way.flatMap((step, k) => {
    const last = k === overview.way.length - 1;
    const button = el("button", { type: "button", "aria-current": last ? "true" : null, onclick: () => last || drillTo(step.code) }, step.name);
    return k ? [el("span", { class: "sep", "aria-hidden": "true" }, "›"), button] : [button];
  });
  const way = document.getElementById("way");
  way.replaceChildren(...steps);
  way.scrollLeft = way.scrollWidth;
}

function drawCampaigns() {
  const select = document.getElementById("campaign");
  select.hidden = overview.campaigns.length === 0;
  select.replaceChildren(...overview.campaigns.map((c) => el("option", { value: c.id, selected: c.id === overview.campaign.id }, c.name)));
}
document.getElementById("campaign").addEventListener("change", (event) => {
  place.write({ campaign: event.target.value, area: null }, true);
  showArea(null, { fly: true });
});

/** Put a detail in the panel, with the way back to the area's numbers. */
function showDetail(nodes, answer = null, { quiet = false } = {}) {
  again = answer;
  const at = panel.scrollTop;
  const name = overview.area?.name ?? "";
  const back = el("button", { type: "button", class: "link", onclick: () => { showOverview(); layers.refreshSoon(); } }, `‹ ${say("back", { name })}`);
  body.replaceChildren(back, ...nodes);
  panel.scrollTop = quiet ? at : 0;
  if (quiet) return;
  if (small.matches) legend.open = choices.open = askBar.open = false;
  raise(true);
  body.focus({ preventScroll: true });
}

async function openCell(latlng, { quiet = false } = {}) {
  const turn = ++asked;
  try {
    const { lat, lng } = latlng.wrap();
    const { cell } = await ask("cells", { lon: lng.toFixed(7), lat: lat.toFixed(7), campaign: overview.campaign.id, ...place.question() });
    if (turn !== asked) return;
    layers.patch = null;
    layers.choose(cell?.square);
    drawn.clearLayers();
    showDetail(cellCard(cell, layers.on), () => openCell(latlng, { quiet: true }), { quiet });
    if (!quiet) reveal(latlng);
  } catch (error) {
    showProblem(error);
  }
}
map.on("click", (event) => {
  if (overview?.campaign && !drawing.active) openCell(event.latlng);
});

/** Show what lies in a drawn area. */
async function openDrawn(polygon, { quiet = false } = {}) {
  const turn = ++asked;
  const query = { campaign: overview.campaign?.id, ...place.question() };
  const sums = await tell("coverage/inside", { polygon }, query);
  if (turn !== asked) return;
  layers.patch = null;
  layers.choose(null);
  drawn.clearLayers();
  L.geoJSON(polygon, { pane: "chosen", style: { color: "#17212b", weight: 2.5, fillOpacity: 0.04 }, interactive: false }).addTo(drawn);
  showDetail(drawnCard(sums, { again: () => drawing.start(), remove: () => showOverview() }),
    () => openDrawn(polygon, { quiet: true }).catch(showProblem), { quiet });
}

const drawn = L.layerGroup().addTo(map);
const drawing = new Drawing(map, {
  begun: () => {
    drawn.clearLayers();
    askBar.hidden = true;
    raise(false);
  },
  ended: () => { askBar.hidden = false; },
  done: openDrawn,
});
document.getElementById("draw").addEventListener("click", () => {
  if (overview?.campaign) drawing.start();
});

async function openPatch(id) {
  const turn = ++asked;
  try {
    const nodes = await patchCard(id);
    if (turn !== asked) return;
    layers.patch = id;
    layers.choose(null);
    layers.refreshSoon();
    showDetail(nodes);
  } catch (error) {
    showProblem(error);
  }
}

async function openTrack(id, { fly = false } = {}) {
  const turn = ++asked;
  try {
    const { nodes, bbox, geometry } = await trackCard(id);
    if (turn !== asked) return;
    layers.patch = null;
    layers.choose(geometry);
    if (fly) flyTo(bbox);
    showDetail(nodes);
  } catch (error) {
    showProblem(error);
  }
}

async function openPhoto(id, { fly = false } = {}) {
  const turn = ++asked;
  try {
    const { photo, nodes } = await photoCard(id);
    if (turn !== asked) return;
    layers.patch = null;
    layers.choosePhoto(photo);
    if (fly) flyTo([photo.lon, photo.lat, photo.lon, photo.lat], 17);
    showDetail(nodes);
    reveal(L.latLng(photo.lat, photo.lon));
  } catch (error) {
    showProblem(error);
  }
}

function flyToGap(gap) {
  raise(false);
  flyTo(gap.bbox, 17);
  layers.chooseGap(gap);
}

async function flyToSurvey(id) {
  const turn = ++asked;
  try {
    const survey = await ask(`surveys/${encodeURIComponent(id)}`);
    if (turn !== asked) return;
    flyTo(survey.bbox);
    showDetail(surveyCard(survey, (bbox) => { raise(false); flyTo(bbox, 18); }));
  } catch (error) {
    showProblem(error);
  }
}

/** Follow the address: at the start, and when the browser goes back or forth. */
async function follow() {
  const { area, view, track, survey, photo } = place.read();
  applyLayers();
  if (view) map.setView([view.lat, view.lon], view.zoom, { animate: false });
  await showArea(area, { fly: !view });
  if (!overview) return;
  if (track) await openTrack(track, { fly: true });
  if (survey) await flyToSurvey(survey);
  if (photo) await openPhoto(photo, { fly: true });
}

async function start() {
  showNote("");
  try {
    await Promise.all([follow(), layers.showFixed()]);
  } catch (error) {
    showProblem(error);
  }
}

L.control.zoom({ position: "topleft", zoomInTitle: say("zoom_in"), zoomOutTitle: say("zoom_out") }).addTo(map);
L.control.scale({ imperial: false, position: "bottomleft" }).addTo(map);
legend.open = askBar.open = !small.matches;
for (const one of [legend, choices, askBar]) {
  one.addEventListener("toggle", () => {
    if (!one.open || !small.matches) return;
    for (const other of [legend, choices, askBar]) if (other !== one) other.open = false;
  });
}
const questions = new QuestionBar(answerAgain);
wireShown(() => showCells().catch(showProblem));
const applyLayers = wireControl(layers);
window.addEventListener("popstate", follow);
map.on("moveend", () => {
  const { lat, lng } = map.getCenter().wrap();
  place.write({ view: { lat, lon: lng, zoom: map.getZoom() } });
});

// Somebody may have uploaded while this page lay in the background.
document.addEventListener("visibilitychange", async () => {
  if (document.visibilityState !== "visible" || !overview) return;
  const before = overview.coverage_tiles;
  const wanted = { area: overview.area?.code, campaign: overview.campaign?.id, ...place.question() };
  const now = await ask("overview", wanted).catch(() => null);
  if (now && now.coverage_tiles !== before) start();
});

new ResizeObserver(() => map.invalidateSize()).observe(document.querySelector(".map-frame"));
start();
