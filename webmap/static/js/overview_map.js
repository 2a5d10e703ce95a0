// The map of the commander's page: coverage with the gaps loudest, areas to go into, open cases.

import { el, page, say } from "./page.js";
import { stateSign } from "./case_signs.js";
import { label, outlineStyle, whenChosen } from "./signs.js";

const L = window.L;
const PANES = [["base", 200], ["coverage", 300], ["areas", 400], ["cases", 450], ["labels", 610]];
const TILE = { maxZoom: 22, tileSize: 256, updateWhenIdle: true };
const SIGN_PX = 24;
// What an A4 page is wide between its margins, and what the map may take of its height.
const PAPER_PX = [680, 420];

export class OverviewMap {
  #map;
  #open;
  #coverage = null;
  #areas = null;
  #names = [];
  #cases = [];

  /**
   * @param map the Leaflet map that folium made
   * @param open what to do with the code of an area that was chosen
   */
  constructor(map, open) {
    this.#map = map;
    this.#open = open;
    map.setMinZoom(3);
    for (const [name, zIndex] of PANES) map.createPane(name).style.zIndex = zIndex;
    L.control.zoom({ position: "topleft", zoomInTitle: say("zoom_in"), zoomOutTitle: say("zoom_out") }).addTo(map);
    L.control.scale({ imperial: false, position: "topright" }).addTo(map);
    new ResizeObserver(() => map.invalidateSize()).observe(map.getContainer());
    map.on("zoomend", () => this.#fitNames());
    const frame = map.getContainer().closest(".overview-map");
    window.addEventListener("beforeprint", () => {
      // Tiles of another zoom would come too late for the paper: the same picture keeps its size there.
      const sizes = [frame.clientWidth, frame.clientHeight].map((px, k) => `${Math.min(px, PAPER_PX[k])}px`);
      [frame.style.width, frame.style.height] = sizes;
      map.invalidateSize({ animate: false });
    });
    window.addEventListener("afterprint", () => {
      [frame.style.width, frame.style.height] = ["", ""];
      map.invalidateSize({ animate: false });
    });
  }

  /** Look at an area and show its coverage. */
  show(area, tiles) {
    const [west, south, east, north] = area.bbox;
    this.#map.invalidateSize({ animate: false });
    this.#map.fitBounds([[south, west], [north, east]], { padding: [12, 12], animate: false });
    if (page.base && !this.#map.getContainer().classList.contains("has-base")) {
      this.#map.getContainer().classList.add("has-base");
      L.tileLayer("/tiles/base/{z}/{x}/{y}", { ...TILE, pane: "base", minZoom: page.base[0], maxNativeZoom: page.base[1] }).addTo(this.#map);
    }
    this.#coverage?.remove();
    this.#coverage = tiles ? L.tileLayer(tiles, { ...TILE, pane: "coverage", opacity: 0.8 }).addTo(this.#map) : null;
  }

  /** Show the areas below as outlines that open on a click. */
  showAreas(found) {
    this.#areas?.remove();
    for (const { marker } of this.#names) marker.remove();
    this.#areas = L.geoJSON(found, { pane: "areas", style: { ...outlineStyle.area(), fill: true, fillOpacity: 0 } }).addTo(this.#map);
    this.#areas.on("click", ({ propagatedFrom }) => this.#open(propagatedFrom.feature.properties.code));
    this.#names = found.features.map(({ properties }) => ({
      ...properties, marker: label(properties.label, properties.name, "area-label", { interactive: false, keyboard: false }),
    }));
    this.#fitNames();
  }

  #fitNames() {
    for (const { marker, name, bbox: [west, south, east, north] } of this.#names) {
      const [a, b] = [[south, west], [north, east]].map((place) => this.#map.latLngToContainerPoint(place));
      if (b.x - a.x >= name.length * 14) marker.addTo(this.#map);
      else marker.remove();
    }
  }

  /** Show open cases; each leads to its page. */
  showCases(told) {
    for (const marker of this.#cases) marker.remove();
    this.#cases = told.cases.map((one) => {
      const icon = L.divIcon({ html: el("span", {}, stateSign(one.state, one.overdue)), className: "case-sign", iconSize: [SIGN_PX, SIGN_PX] });
      const title = `${one.number} ${one.title}`;
      const marker = L.marker([one.point[1], one.point[0]], { icon, title, alt: title, pane: "cases" }).addTo(this.#map);
      return whenChosen(marker, () => { location.href = `/cases/${one.id}`; });
    });
  }
}
