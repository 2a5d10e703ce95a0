// The map of one survey: its picture and the suspected patches in it.

import { page, say } from "./page.js";

const L = window.L;
const TILE = { maxZoom: 22, tileSize: 256, updateWhenIdle: true };
const CLOSEST_ZOOM = 21;

export class SurveyMap {
  #map;
  #patches = null;

  /** @param map the Leaflet map that folium made */
  constructor(map) {
    this.#map = map;
    map.setMinZoom(3);
    for (const [name, zIndex] of [["base", 200], ["picture", 300], ["patches", 400]]) map.createPane(name).style.zIndex = zIndex;
    L.control.zoom({ position: "topleft", zoomInTitle: say("zoom_in"), zoomOutTitle: say("zoom_out") }).addTo(map);
    L.control.scale({ imperial: false, position: "bottomleft" }).addTo(map);
    new ResizeObserver(() => map.invalidateSize()).observe(map.getContainer());
    this.look(page.bbox);
    if (!page.base) return;
    map.getContainer().classList.add("has-base");
    L.tileLayer("/tiles/base/{z}/{x}/{y}", { ...TILE, pane: "base", minZoom: page.base[0], maxNativeZoom: page.base[1] }).addTo(map);
  }

  /** Show the picture of a survey. */
  picture(tiles) {
    L.tileLayer(tiles, { ...TILE, pane: "picture", minZoom: 12 }).addTo(this.#map);
  }

  /** Show patches as outlines. */
  patches(features) {
    const colour = getComputedStyle(this.#map.getContainer()).getPropertyValue("--map-patch").trim();
    const style = { pane: "patches", color: colour, weight: 2.5, fill: false, interactive: false };
    this.#patches?.remove();
    this.#patches = L.geoJSON({ type: "FeatureCollection", features }, { style }).addTo(this.#map);
  }

  /** Look at west, south, east, north. */
  look([west, south, east, north]) {
    this.#map.fitBounds([[south, west], [north, east]], { padding: [24, 24], maxZoom: CLOSEST_ZOOM, animate: false });
  }

  /** Look at one place closely. */
  lookAt([lon, lat]) {
    this.#map.setView([lat, lon], CLOSEST_ZOOM, { animate: false });
  }
}
