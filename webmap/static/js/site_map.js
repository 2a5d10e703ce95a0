// The map of one site: its ground, and how near a visit must come.

import { page, say } from "./page.js";

const L = window.L;
const PANES = [["base", 200], ["reach", 390], ["ground", 400]];
const TILE = { maxZoom: 22, tileSize: 256, updateWhenIdle: true };
const REACH = { pane: "reach", color: "#0b6e6e", weight: 1.5, dashArray: "4 4", fillOpacity: 0.06, interactive: false };
const HALO = { pane: "ground", color: "#ffffff", weight: 6, fill: false, interactive: false };
const GROUND = { ...HALO, color: "#1f2d3a", weight: 3 };
const SQUARE_PX = 16;

export class SiteMap {
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

  /** Show a site as the server told it. */
  show(site) {
    for (const layer of this.#shown) layer.remove();
    const at = [site.place[1], site.place[0]];
    const point = site.ground.type === "Point";
    const reach = L.circle(at, { ...REACH, radius: site.radius_m });
    const square = L.divIcon({ className: "site-spot", html: document.createElement("span"), iconSize: [SQUARE_PX, SQUARE_PX] });
    const ground = point ? [L.marker(at, { icon: square, interactive: false, keyboard: false })]
      : [HALO, GROUND].map((style) => L.geoJSON(site.ground, { style, interactive: false }));
    if (!this.#looked) {
      if (point) this.#map.setView(at, 17, { animate: false });
      else this.#map.fitBounds(ground[1].getBounds().pad(0.8), { maxZoom: 18, animate: false });
      this.#looked = true;
    }
    this.#shown = [...(point ? [reach] : []), ...ground];
    for (const layer of this.#shown) layer.addTo(this.#map);
  }
}
