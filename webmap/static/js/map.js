// The map page: joins the map that folium made, the layers, the panel and the address.

import { cellCard, patchCard, trackCard } from "./details.js";
import { Layers, wireControl } from "./layers.js";
import { ask, el, say } from "./page.js";
import { freshness, overviewCard } from "./panel.js";
import { photoCard } from "./photo_card.js";
import * as place from "./place.js";

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
const small = matchMedia("(max-width: 700px)");
const STRIP_EDGE_PX = 30;
let overview = null;
let asked = 0;

const layers = new Layers(map, {
  area: (code) => drillTo(code),
  gap: flyToGap,
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
  const wanted = { area: code, campaign: place.read().campaign };
  const words = [];
  for (;;) {
    try {
      return { found: await ask("overview", wanted), words: words.join(" ") };
    } catch (error) {
      const wrong = error.code === "no_such_area" ? "area" : "campaign";
      if (![400, 404].includes(error.status) || !wanted[wrong]) throw error;
      words.push(say(wrong === "area" ? "no_such_area" : "no_such_campaign", { given: wanted[wrong] }));
      wanted[wrong] = null;
      place.write({ [wrong]: null, view: null });
    }
  }
}

/** Load and show an area's overview; a later question wins. */
async function showArea(code, { fly }) {
  const turn = ++asked;
  body.setAttribute("aria-busy", "true");
  try {
    const { found, words } = await askOverview(code);
    if (turn !== asked) return;
    if ((fly || words) && found.area) flyTo(found.area.bbox);
    overview = found;
    layers.showOverview(overview);
    layers.tellAddress(words);
    drawWay();
    drawCampaigns();
    document.getElementById("data-date").textContent = freshness(overview);
    showOverview();
    await layers.showAreas(overview.area?.code ?? null);
  } catch (error) {
    showProblem(error);
  } finally {
    body.setAttribute("aria-busy", "false");
    panel.setAttribute("aria-busy", "false");
  }
}

function showOverview() {
  layers.patch = null;
  layers.choose(null);
  body.replaceChildren(...overviewCard(overview, layers.on));
  panel.scrollTop = 0;
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
function showDetail(nodes) {
  const name = overview.area?.name ?? "";
  const back = el("button", { type: "button", class: "link", onclick: () => { showOverview(); layers.refreshSoon(); } }, `‹ ${say("back", { name })}`);
  body.replaceChildren(back, ...nodes);
  panel.scrollTop = 0;
  if (small.matches) legend.open = choices.open = false;
  raise(true);
  body.focus({ preventScroll: true });
}

async function openCell(latlng) {
  const turn = ++asked;
  try {
    const { lat, lng } = latlng.wrap();
    const { cell } = await ask("cells", { lon: lng.toFixed(7), lat: lat.toFixed(7), campaign: overview.campaign.id });
    if (turn !== asked) return;
    layers.patch = null;
    layers.choose(cell?.square);
    showDetail(cellCard(cell, layers.on));
    reveal(latlng);
  } catch (error) {
    showProblem(error);
  }
}
map.on("click", (event) => {
  if (overview?.campaign) openCell(event.latlng);
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
}

async function flyToSurvey(id) {
  const { features } = await ask("surveys");
  const found = features.find(({ properties }) => String(properties.id) === id);
  if (found) flyTo(found.properties.bbox);
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
legend.open = !small.matches;
for (const [one, other] of [[legend, choices], [choices, legend]]) {
  one.addEventListener("toggle", () => {
    if (one.open && small.matches) other.open = false;
  });
}
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
  const now = await ask("overview", { area: overview.area?.code, campaign: overview.campaign?.id }).catch(() => null);
  if (now && now.coverage_tiles !== before) start();
});

new ResizeObserver(() => map.invalidateSize()).observe(document.querySelector(".map-frame"));
start();
