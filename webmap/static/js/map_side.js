// The panel beside the map (a sheet on phones): the area's numbers, or one thing that was chosen.

import { cellCard } from "./cell_card.js";
import { caseCard, patchCard, siteCard, trackCard } from "./details.js";
import { ask, el, say, tell } from "./page.js";
import { drawnCard, overviewCard } from "./panel.js";
import { photoCard } from "./photo_card.js";
import * as place from "./place.js";
import { surveyCard } from "./survey_card.js";

const L = window.L;
const panel = document.getElementById("panel");
const body = document.getElementById("panel-body");
const grip = document.getElementById("grip");
const STRIP_EDGE_PX = 30;
export const small = matchMedia("(max-width: 700px)");
export const moves = () => !matchMedia("(prefers-reduced-motion: reduce)").matches;

export class Side {
  #map;
  #layers;
  #on;
  #drawn;
  #asked = 0;
  // How to show again what the panel shows, where that depends on the question; null for the overview.
  again = null;
  overview = null;

  /** @param on {problem, closeFloats, drawAgain} */
  constructor(map, layers, on) {
    this.#map = map;
    this.#layers = layers;
    this.#on = on;
    this.#drawn = L.layerGroup().addTo(map);
    body.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !body.querySelector("#back")) return;
      this.#back();
      body.focus({ preventScroll: true });
    });
    grip.addEventListener("click", () => this.raise(!panel.classList.contains("up")));
  }

  raise(up) {
    panel.classList.toggle("up", up);
    grip.setAttribute("aria-expanded", String(up));
  }

  /** Begin a question; a later one wins. */
  begin() {
    this.#asked += 1;
    return this.#asked;
  }

  isLate(turn) {
    return turn !== this.#asked;
  }

  /** Fly to west, south, east, north; without motion where the system asks so. */
  flyTo([west, south, east, north], most = 19) {
    this.#map.fitBounds([[south, west], [north, east]], { padding: [24, 24], maxZoom: most, animate: this.overview !== null && moves() });
  }

  showOverview({ stay = false } = {}) {
    this.again = null;
    this.#layers.choose(null);
    this.#drawn.clearLayers();
    const at = panel.scrollTop;
    body.replaceChildren(...overviewCard(this.overview, this.#layers.on));
    panel.scrollTop = stay ? at : 0;
  }

  /** From a detail or a table to the area's numbers. */
  #back() {
    place.write({ list: null });
    this.showOverview();
  }

  clearDrawn() {
    this.#drawn.clearLayers();
  }

  /** Put a detail in the panel, with the way back to the area's numbers. */
  showDetail(nodes, answer = null, { quiet = false } = {}) {
    this.again = answer;
    const at = panel.scrollTop;
    const name = this.overview?.area?.name ?? "";
    const back = el("button", { id: "back", type: "button", class: "link", onclick: () => this.#back() }, `‹ ${say("back", { name })}`);
    body.replaceChildren(back, ...nodes);
    panel.scrollTop = quiet ? at : 0;
    if (quiet) return;
    if (small.matches) this.#on.closeFloats();
    this.raise(true);
    body.focus({ preventScroll: true });
  }

  /** Move the map until a place lies in the strip that a raised panel leaves free. */
  #reveal(latlng) {
    if (!small.matches) return;
    const frame = this.#map.getContainer().getBoundingClientRect();
    const free = panel.getBoundingClientRect().top - frame.top;
    const { y } = this.#map.latLngToContainerPoint(latlng);
    if (y < STRIP_EDGE_PX || y > free - STRIP_EDGE_PX) this.#map.panBy([0, y - free / 2], { animate: moves() });
  }

  /** Ask for one thing and show it, unless something else was asked for meanwhile. */
  async #open(question, show) {
    const turn = this.begin();
    try {
      const found = await question();
      if (turn === this.#asked) show(found);
    } catch (error) {
      this.#on.problem(error);
    }
  }

  cell(latlng, { quiet = false } = {}) {
    const { lat, lng } = latlng.wrap();
    const wanted = { lon: lng.toFixed(7), lat: lat.toFixed(7), campaign: this.overview.campaign.id, ...place.question() };
    return this.#open(() => ask("cells", wanted), ({ cell }) => {
      this.#layers.choose(cell?.square);
      this.#drawn.clearLayers();
      this.showDetail(cellCard(cell, this.#layers.on), () => this.cell(latlng, { quiet: true }), { quiet });
      if (!quiet) this.#reveal(latlng);
    });
  }

  /** Show what lies in a drawn area; refuses by throwing. */
  async drawn(polygon, { quiet = false } = {}) {
    const turn = this.begin();
    const sums = await tell("coverage/inside", { polygon }, { campaign: this.overview.campaign?.id, ...place.question() });
    if (turn !== this.#asked) return;
    this.#layers.choose(null);
    this.#drawn.clearLayers();
    L.geoJSON(polygon, { pane: "chosen", style: { className: "drawn-line", weight: 2.5, fillOpacity: 0.04 }, interactive: false }).addTo(this.#drawn);
    this.showDetail(drawnCard(sums, { again: this.#on.drawAgain, remove: () => this.showOverview() }),
      () => this.drawn(polygon, { quiet: true }).catch(this.#on.problem), { quiet });
  }

  #point(lonLat, nodes, fly) {
    this.#layers.choosePoint(lonLat);
    const latlng = L.latLng(lonLat[1], lonLat[0]);
    if (fly) this.flyTo([...lonLat, ...lonLat], 17);
    this.showDetail(nodes);
    this.#reveal(latlng);
  }

  patch(id, { fly = false } = {}) {
    return this.#open(() => patchCard(id), ({ patch, nodes }) => this.#point(patch.point, nodes, fly));
  }

  case(id, { fly = false } = {}) {
    return this.#open(() => caseCard(id), ({ ground, nodes }) => {
      const { lat, lng } = L.geoJSON(ground).getBounds().getCenter();
      this.#point([lng, lat], nodes, fly);
    });
  }

  site(id, { fly = false } = {}) {
    return this.#open(() => siteCard(id), ({ site, nodes }) => this.#point(site.place, nodes, fly));
  }

  track(id, { fly = false } = {}) {
    return this.#open(() => trackCard(id), ({ nodes, bbox, geometry }) => {
      this.#layers.choose(geometry);
      if (fly) this.flyTo(bbox);
      this.showDetail(nodes);
    });
  }

  photo(id, { fly = false } = {}) {
    return this.#open(() => photoCard(id), ({ photo, nodes }) => {
      this.#layers.choosePhoto(photo);
      if (fly) this.flyTo([photo.lon, photo.lat, photo.lon, photo.lat], 17);
      this.showDetail(nodes);
      this.#reveal(L.latLng(photo.lat, photo.lon));
    });
  }

  survey(id, { fly = true } = {}) {
    return this.#open(() => ask(`surveys/${encodeURIComponent(id)}`), (survey) => {
      if (fly) this.flyTo(survey.bbox);
      this.showDetail(surveyCard(survey, (bbox) => { this.raise(false); this.flyTo(bbox, 18); }));
    });
  }

  gap(gap) {
    this.raise(false);
    this.flyTo(gap.bbox, 17);
    this.#layers.chooseGap(gap);
    const { area, campaign, lacking } = this.overview;
    const wanted = { area: area.code, campaign: campaign.id, lacking, ...place.question() };
    // Lists hold outlines of few corners: the chosen one is drawn exactly.
    return this.#open(() => ask(`gaps/${encodeURIComponent(gap.id)}`, wanted), ({ geometry }) => this.#layers.chooseGap(gap, geometry));
  }
}
