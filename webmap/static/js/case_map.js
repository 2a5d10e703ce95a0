// The map of one case: its ground, the pictures over it, and where its evidence was made.

import { page, say } from "./page.js";

const L = window.L;
const PANES = [["base", 200], ["pictures", 300], ["ground", 400], ["places", 450]];
const TILE = { maxZoom: 22, tileSize: 256, updateWhenIdle: true };
const GROUND = { pane: "ground", color: "#8e0152", weight: 3, fill: false, interactive: false };
const HALO = { ...GROUND, color: "#ffffff", weight: 6 };
const SPOT = { pane: "ground", radius: 9, color: "#8e0152", weight: 3, fill: false, interactive: false };

export class CaseMap {
  #map;
  #shown = [];
  #looked = false;

  /** @param map the Leaflet map that folium made */
  constructor(map) {
    this.#map = map;
    map.setMinZoom(3);
    for (const [name, zIndex] of PANES) map.createPane(name).style.zIndex = zIndex;
    L.control.zoom({ position: "topleft", zoomInTitle: say("zoom_in"), zoomOutTitle: say("zoom_out") }).addTo(map);
    L.control.scale({ imperial: false, position: "bottomleft" }).addTo(map);
    new ResizeObserver(() => map.invalidateSize()).observe(map.getContainer());
    if (page.base) {
      map.getContainer().classList.add("has-base");
      L.tileLayer("/tiles/base/{z}/{x}/{y}", { ...TILE, pane: "base", minZoom: page.base[0], maxNativeZoom: page.base[1] }).addTo(map);
    }
  }

  /** Show a case as the server told it. */
  show(told) {
    for (const layer of this.#shown) layer.remove();
    const [lon, lat] = told.place;
    const point = told.ground.type.endsWith("Point");
    const ground = point ? [L.circleMarker([lat, lon], SPOT)]
      : [HALO, GROUND].map((style) => L.geoJSON(told.ground, { style, interactive: false }));
    const places = told.evidence.filter((one) => one.place).map((one, k) => L.marker([one.place[1], one.place[0]], {
      pane: "places", keyboard: false, interactive: false,
      icon: L.divIcon({ className: "evidence-sign", html: `<span>${k + 1}</span>`, iconSize: [24, 24] }),
    }));
    this.#shown = [...told.pictures.map((address) => L.tileLayer(address, { ...TILE, pane: "pictures", minZoom: 12 })), ...ground, ...places];
    for (const layer of this.#shown) layer.addTo(this.#map);
    if (!this.#looked) this.#look(ground, lat, lon, point);
  }

  #look(ground, lat, lon, point) {
    this.#looked = true;
    if (point) this.#map.setView([lat, lon], 17, { animate: false });
    else this.#map.fitBounds(ground[1].getBounds().pad(1.5), { maxZoom: 20, animate: false });
  }
}
