// Drawing an area on the map, with mouse, finger or keys.

import { el, num, say } from "./page.js";

const L = window.L;
const bar = document.getElementById("drawbar");
const cross = document.getElementById("cross");
const told = document.getElementById("draw-words");
const [addButton, undoButton, doneButton, cancelButton] = ["add", "undo", "done", "cancel"].map((name) =>
  document.getElementById(`draw-${name}`));
const SAME_PX = 5;
const CLOSING_PX = 14;
const LEAST = 3;
const LINE = { pane: "chosen", className: "drawn-line", weight: 2.5, interactive: false };

export class Drawing {
  #map;
  #on;
  #corners = [];
  #group;
  #mouse = null;
  active = false;

  /**
   * @param map the Leaflet map
   * @param on {begun, ended, done}: done gets the GeoJSON polygon, and may refuse by throwing
   */
  constructor(map, on) {
    this.#map = map;
    this.#on = on;
    this.#group = L.layerGroup().addTo(map);
    addButton.addEventListener("click", () => this.#add(map.getCenter()));
    undoButton.addEventListener("click", () => this.#undo());
    doneButton.addEventListener("click", () => this.#finish());
    cancelButton.addEventListener("click", () => this.stop());
    map.on("click", ({ latlng }) => this.active && this.#clicked(latlng));
    map.on("dblclick", () => this.active && this.#finish());
    map.on("mousemove", ({ latlng }) => {
      this.#mouse = latlng;
      if (this.active) this.#draw();
    });
    map.getContainer().addEventListener("keydown", (event) => this.active && this.#key(event));
  }

  /** Begin; what was drawn before is forgotten. */
  start() {
    this.active = true;
    this.#corners = [];
    this.#mouse = null;
    this.#map.doubleClickZoom.disable();
    this.#mark(true);
    bar.hidden = cross.hidden = false;
    this.#on.begun();
    this.#draw();
    this.#say("");
    this.#map.getContainer().focus({ preventScroll: true });
  }

  /** End without an area. */
  stop() {
    this.active = false;
    this.#map.doubleClickZoom.enable();
    this.#mark(false);
    bar.hidden = cross.hidden = true;
    this.#group.clearLayers();
    this.#on.ended();
  }

  /** Let clicks through to the map, and what floats over it step aside. */
  #mark(on) {
    const container = this.#map.getContainer();
    container.classList.toggle("drawing", on);
    container.closest(".map-frame").classList.toggle("asks-corners", on);
  }

  #clicked(latlng) {
    const at = this.#map.latLngToContainerPoint(latlng);
    const far = (corner) => this.#map.latLngToContainerPoint(corner).distanceTo(at);
    // The second click of a double click sets no corner of its own.
    if (this.#corners.length && far(this.#corners.at(-1)) < SAME_PX) return;
    if (this.#corners.length >= LEAST && far(this.#corners[0]) < CLOSING_PX) this.#finish();
    else this.#add(latlng);
  }

  #key(event) {
    const acts = { Enter: () => this.#add(this.#map.getCenter()), Backspace: () => this.#undo(), Delete: () => this.#undo(), Escape: () => this.stop() };
    if (!acts[event.key] || event.target !== this.#map.getContainer()) return;
    event.preventDefault();
    acts[event.key]();
  }

  #add(latlng) {
    this.#corners.push(latlng.wrap());
    this.#draw();
    this.#say("");
  }

  #undo() {
    this.#corners.pop();
    this.#draw();
    this.#say("");
  }

  async #finish() {
    if (this.#corners.length < LEAST) {
      this.#say(say("draw_more"));
      return;
    }
    const ring = [...this.#corners, this.#corners[0]].map(({ lng, lat }) => [Number(lng.toFixed(7)), Number(lat.toFixed(7))]);
    doneButton.disabled = true;
    try {
      await this.#on.done({ type: "Polygon", coordinates: [ring] });
      this.stop();
    } catch (error) {
      this.#say(error.message);
    } finally {
      doneButton.disabled = this.#corners.length < LEAST;
    }
  }

  /** Say how many corners there are, and what is wrong, if anything. */
  #say(problem) {
    const n = this.#corners.length;
    told.replaceChildren(el("b", {}, say("draw_points", { n: num(n) })), " ", problem ? el("span", { class: "problem" }, problem) : el("span", { class: "how-to" }, say("draw_how")));
    undoButton.disabled = n === 0;
    doneButton.disabled = n < LEAST;
  }

  #draw() {
    this.#group.clearLayers();
    if (this.#corners.length >= LEAST) L.polygon(this.#corners, { ...LINE, fillOpacity: 0.08 }).addTo(this.#group);
    else if (this.#corners.length) L.polyline(this.#corners, LINE).addTo(this.#group);
    if (this.#mouse && this.#corners.length) {
      const ends = [this.#corners.at(-1), this.#mouse, ...(this.#corners.length > 1 ? [this.#corners[0]] : [])];
      L.polyline(ends, { ...LINE, weight: 1.5, dashArray: "4 4" }).addTo(this.#group);
    }
    for (const corner of this.#corners) L.circleMarker(corner, { ...LINE, className: "drawn-corner", radius: 5, fillOpacity: 1 }).addTo(this.#group);
  }
}
