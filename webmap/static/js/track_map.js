// The map of one track: its lines, flagged points, stops, and the tracks it repeats.

import { secondsOf } from "./figures.js";
import { distance, duration, el, num, page, say } from "./page.js";
import { label } from "./signs.js";
import { LINES, lineKey, ruleKey, ruleMarkers, stopKey } from "./track_signs.js";

const L = window.L;
const PANES = [["base", 200], ["counted", 410], ["other", 420], ["raw", 430], ["cleaned", 440], ["trial", 445], ["flagged", 450], ["labels", 610]];
const TILE = { maxZoom: 22, tileSize: 256, updateWhenIdle: true, pane: "base" };
const CLOSEST_ZOOM = 18;

export class TrackMap {
  #map;
  #canvas;
  #groups = new Map();
  #off = new Set();
  #onPoint;

  /**
   * @param map the Leaflet map that folium made
   * @param onPoint what to do when a flagged point is clicked: (rule, [lon, lat, time])
   */
  constructor(map, onPoint) {
    this.#map = map;
    this.#onPoint = onPoint;
    map.setMinZoom(3);
    for (const [name, zIndex] of PANES) map.createPane(name).style.zIndex = zIndex;
    this.#canvas = L.canvas({ pane: "flagged", tolerance: 4 });
    L.control.zoom({ position: "topleft", zoomInTitle: say("zoom_in"), zoomOutTitle: say("zoom_out") }).addTo(map);
    L.control.scale({ imperial: false, position: "bottomleft" }).addTo(map);
    new ResizeObserver(() => map.invalidateSize()).observe(map.getContainer());
  }

  /** Look at west, south, east, north at once; the base map is asked for only then. */
  start([west, south, east, north]) {
    this.#map.fitBounds([[south, west], [north, east]], { padding: [24, 24], maxZoom: CLOSEST_ZOOM, animate: false });
    if (!page.base) return;
    this.#map.getContainer().classList.add("has-base");
    L.tileLayer("/tiles/base/{z}/{x}/{y}", { ...TILE, minZoom: page.base[0], maxNativeZoom: page.base[1] }).addTo(this.#map);
  }

  /** Draw a track and the others it shares ground with; what was switched off stays off. */
  draw(report, points, others) {
    for (const group of this.#groups.values()) group.remove();
    this.#groups.clear();
    for (const name of ["counted", "raw", "cleaned"]) {
      this.#add(name, points[name].map((line) => this.#line(line, name)));
    }
    if (others.length) this.#add("other", others.map((other) => L.geoJSON(other.geometry, { pane: "other", style: LINES.other, interactive: false })));
    if (report.stops.length) this.#add("stops", report.stops.map((stop, k) => this.#stop(stop, k)));
    for (const [rule, places] of Object.entries(points.flagged)) {
      this.#add(rule, ruleMarkers(rule, places, this.#canvas, this.#onPoint));
    }
  }

  /** Show where a track would lie, and look at it. */
  tryLines({ lines, bbox }) {
    this.#groups.get("trial")?.remove();
    this.#groups.set("trial", L.featureGroup(lines.map((line) => this.#line(line, "trial"))).addTo(this.#map));
    if (bbox) this.#map.fitBounds([[bbox[1], bbox[0]], [bbox[3], bbox[2]]], { padding: [40, 40], maxZoom: CLOSEST_ZOOM, animate: false });
  }

  #add(name, layers) {
    const group = L.featureGroup(layers);
    this.#groups.set(name, group);
    if (!this.#off.has(name)) group.addTo(this.#map);
  }

  #line(positions, name) {
    const style = { ...LINES[name], pane: name, interactive: false };
    return L.polyline(positions.map(([lon, lat]) => [lat, lon]), style);
  }

  #stop(stop, k) {
    const words = `${k + 1} · ${duration(secondsOf(stop))}`;
    return label([stop.lon, stop.lat], words, "stop-label", { title: `${say("stop")} ${words}`, keyboard: false });
  }

  /** Return the legend: a row for each thing drawn, each with its switch and its figure. */
  legend(report, points) {
    const names = new Map(report.rules.map((rule) => [rule.rule, rule]));
    const rows = [
      ["raw", lineKey("raw"), say("line_raw"), distance(report.length_m)],
      ["cleaned", lineKey("cleaned"), say("line_cleaned"), distance(report.cleaned_length_m)],
      ["counted", lineKey("counted"), say("line_counted"), distance(report.counted_length_m)],
      ["other", lineKey("other"), say("line_other"), ""],
      ["stops", stopKey(), say("stops"), num(report.stops.length)],
      ...Object.keys(points.flagged).map((rule) => [rule, ruleKey(rule), names.get(rule).words, num(names.get(rule).flagged)]),
    ];
    return rows.filter(([name]) => this.#groups.has(name)).map((row) => this.#legendRow(...row));
  }

  #legendRow(name, sign, words, figure) {
    const box = el("input", { type: "checkbox", value: name, checked: !this.#off.has(name) });
    box.addEventListener("change", () => this.#show(name, box.checked));
    return el("li", { "data-shown": name }, el("label", {}, box, sign, el("span", { class: "what" }, words), el("span", { class: "figure" }, figure)));
  }

  #show(name, on) {
    if (on) {
      this.#off.delete(name);
      this.#groups.get(name).addTo(this.#map);
    } else {
      this.#off.add(name);
      this.#groups.get(name).remove();
    }
  }

  /** Look at what a rule flagged. */
  lookAt(name) {
    const bounds = this.#groups.get(name)?.getBounds();
    if (bounds?.isValid()) this.#map.fitBounds(bounds, { padding: [40, 40], maxZoom: CLOSEST_ZOOM, animate: false });
  }

  /** Look at one place. */
  lookAtPlace(lon, lat) {
    this.#map.setView([lat, lon], CLOSEST_ZOOM, { animate: false });
  }
}
