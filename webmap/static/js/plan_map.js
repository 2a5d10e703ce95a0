// The map of plans: where teams start, the ground to raise, and the routes of every team.

import { el, num, page, say, svg } from "./page.js";
import { label, outlineStyle } from "./signs.js";

const L = window.L;
const PANES = [["base", 200], ["coverage", 300], ["areas", 350], ["ground", 400], ["chosen", 420], ["routes", 430], ["labels", 610]];
const TILE = { maxZoom: 22, tileSize: 256, updateWhenIdle: true };
const NAME_EM_PX = 14;
const GROUND = { pane: "ground", color: "#17212b", weight: 2.5, dashArray: "6 3", fill: false, interactive: false };
// Eight colours that stay apart for colour-blind eyes; the dash tells teams apart in grey print.
const COLOURS = ["#0072b2", "#b8460e", "#00785a", "#8a3a76", "#1f2d3a", "#a67c00", "#2a8fbd", "#6b4f2a"];
const DASHES = [null, "10 5", "3 5", "12 4 3 4"];

/** Return the colour and the dash of a team, counted from 1. */
export const teamSign = (team) => ({ colour: COLOURS[(team - 1) % COLOURS.length], dash: DASHES[(team - 1) % DASHES.length] });

/** Return the sign of a team for a table. */
export function teamKey(team) {
  const { colour, dash } = teamSign(team);
  return svg("svg", { viewBox: "0 0 36 16", class: "team-key", "aria-hidden": "true" },
    svg("path", { d: "M1 8h34", stroke: "#ffffff", "stroke-width": 6 }),
    svg("path", { d: "M1 8h34", stroke: colour, "stroke-width": 3, ...(dash ? { "stroke-dasharray": dash } : {}) }));
}

export class PlanMap {
  #map;
  #ground = null;
  #starts = [];
  #changed;

  /**
   * @param map the Leaflet map that folium made
   * @param changed called when the start points change
   */
  constructor(map, changed = () => {}) {
    this.#map = map;
    this.#changed = changed;
    map.setMinZoom(3);
    for (const [name, zIndex] of PANES) map.createPane(name).style.zIndex = zIndex;
    L.control.zoom({ position: "topleft", zoomInTitle: say("zoom_in"), zoomOutTitle: say("zoom_out") }).addTo(map);
    L.control.scale({ imperial: false, position: "bottomleft" }).addTo(map);
    new ResizeObserver(() => map.invalidateSize()).observe(map.getContainer());
  }

  /** Look at west, south, east, north; the tiles are asked for only then. */
  start([west, south, east, north], coverage) {
    this.lookAt([[south, west], [north, east]]);
    if (page.base) {
      this.#map.getContainer().classList.add("has-base");
      L.tileLayer("/tiles/base/{z}/{x}/{y}", { ...TILE, pane: "base", minZoom: page.base[0], maxNativeZoom: page.base[1] }).addTo(this.#map);
    }
    if (coverage) L.tileLayer(coverage, { ...TILE, pane: "coverage", opacity: 0.75 }).addTo(this.#map);
  }

  lookAt(bounds) {
    this.#map.fitBounds(bounds, { padding: [24, 24], maxZoom: 17, animate: false });
  }

  /** Draw the outlines of areas, with the names that have room. */
  showAreas(found) {
    L.geoJSON(found, { pane: "areas", style: outlineStyle.area, interactive: false }).addTo(this.#map);
    const names = found.features.map(({ properties }) => ({
      ...properties, marker: label(properties.label, properties.name, "area-label", { interactive: false, keyboard: false }),
    }));
    const fit = () => {
      for (const { marker, name, bbox: [west, south, east, north] } of names) {
        const [a, b] = [[south, west], [north, east]].map((place) => this.#map.latLngToContainerPoint(place));
        if (b.x - a.x >= name.length * NAME_EM_PX) marker.addTo(this.#map);
        else marker.remove();
      }
    };
    this.#map.on("zoomend", fit);
    fit();
  }

  /** Show the ground to raise; none for null. */
  showGround(geometry, look = false) {
    this.#ground?.remove();
    this.#ground = geometry ? L.geoJSON(geometry, { style: GROUND, pane: "ground" }).addTo(this.#map) : null;
    if (geometry && look) this.lookAt(this.#ground.getBounds());
  }

  /** Return the start points as lon, lat. */
  get starts() {
    return this.#starts.map((marker) => {
      const { lng, lat } = marker.getLatLng();
      return [Number(lng.toFixed(6)), Number(lat.toFixed(6))];
    });
  }

  /** Put a start point; the middle of the map without a place. */
  addStart(latlng = this.#map.getCenter()) {
    if (this.#starts.length >= page.most_starts) return;
    const marker = L.marker(latlng.wrap(), { draggable: true, pane: "labels", icon: L.divIcon({ html: el("span", {}), className: "start-sign", iconSize: [28, 28] }) });
    marker.on("click", () => this.removeStart(this.#starts.indexOf(marker)));
    marker.on("dragend", () => this.#changed());
    this.#starts.push(marker.addTo(this.#map));
    this.#number();
  }

  removeStart(k) {
    this.#starts.splice(k, 1)[0]?.remove();
    this.#number();
  }

  #number() {
    for (const [k, marker] of this.#starts.entries()) {
      const node = marker.getElement();
      node.querySelector("span").textContent = String(k + 1);
      node.title = say("start_title", { n: num(k + 1) });
      node.setAttribute("aria-label", node.title);
    }
    this.#changed();
  }

  /** Draw the routes, each with its start and the number of its team. */
  showRoutes(routes) {
    const group = L.featureGroup().addTo(this.#map);
    for (const { team, line } of routes) {
      const places = line.map(([lon, lat]) => [lat, lon]);
      const { colour, dash } = teamSign(team);
      L.polyline(places, { pane: "routes", color: "#ffffff", weight: 7, opacity: 0.8, interactive: false }).addTo(group);
      L.polyline(places, { pane: "routes", color: colour, weight: 3.5, dashArray: dash, interactive: false }).addTo(group);
      L.circleMarker(places[0], { pane: "routes", radius: 6, color: colour, weight: 3, fillColor: "#ffffff", fillOpacity: 1, interactive: false }).addTo(group);
      // Half-way, routes that begin together have parted.
      label(line[Math.floor(line.length / 2)], say("team_label", { n: num(team) }), "team-label", { keyboard: false, interactive: false }).addTo(group);
    }
    const bounds = group.getBounds();
    if (bounds.isValid()) this.lookAt(bounds);
  }
}
