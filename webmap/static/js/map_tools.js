// Tools over the map: measure, where am I, compare, lists, print, and the coordinates below.

import { areaM2, distanceM } from "./map_geodesy.js";
import { distance, el, landArea, num, say } from "./page.js";
import { placeWords } from "./signs.js";

const L = window.L;
const bar = document.getElementById("measure-bar");
const told = document.getElementById("measure-words");
const cross = document.getElementById("cross");
const menu = document.getElementById("tools");
const LEAST_FOR_AREA = 3;
const LOCATE_MS = 20000;
const SURE_ZOOM = 17;
const COPIED_MS = 2000;

/** Return a length in words: centimetres do not count on a map. */
const lengthWords = (m) => (m < 1000 ? `${num(m, m < 100 ? 1 : 0)} ${say("metres")}` : `${num(m / 1000, m < 10000 ? 3 : 2)} ${say("kilometres")}`);

class Measuring {
  #map;
  #corners = [];
  #group;
  active = false;

  constructor(map) {
    this.#map = map;
    this.#group = L.layerGroup().addTo(map);
    map.on("click", ({ latlng }) => this.active && this.#add(latlng));
    map.getContainer().addEventListener("keydown", (event) => this.active && this.#key(event));
    const acts = { add: () => this.#add(map.getCenter()), undo: () => this.#undo(), end: () => this.stop() };
    for (const [name, act] of Object.entries(acts)) document.getElementById(`measure-${name}`).addEventListener("click", act);
  }

  start() {
    this.active = true;
    this.#corners = [];
    this.#map.doubleClickZoom.disable();
    this.#mark(true);
    bar.hidden = cross.hidden = false;
    this.#show();
    this.#map.getContainer().focus({ preventScroll: true });
  }

  stop() {
    this.active = false;
    this.#map.doubleClickZoom.enable();
    this.#mark(false);
    bar.hidden = cross.hidden = true;
    this.#group.clearLayers();
  }

  #mark(on) {
    const container = this.#map.getContainer();
    container.classList.toggle("drawing", on);
    container.closest(".map-frame").classList.toggle("measures", on);
  }

  #key(event) {
    const acts = { Enter: () => this.#add(this.#map.getCenter()), Backspace: () => this.#undo(), Escape: () => this.stop() };
    if (!acts[event.key] || event.target !== this.#map.getContainer()) return;
    event.preventDefault();
    acts[event.key]();
  }

  #add(latlng) {
    this.#corners.push(latlng);
    this.#show();
  }

  #undo() {
    this.#corners.pop();
    this.#show();
  }

  #show() {
    const corners = this.#corners;
    this.#group.clearLayers();
    const line = { pane: "chosen", className: "drawn-line", weight: 2.5, interactive: false };
    if (corners.length >= LEAST_FOR_AREA) L.polygon(corners, { ...line, fillOpacity: 0.08, dashArray: "5 4" }).addTo(this.#group);
    if (corners.length > 1) L.polyline(corners, line).addTo(this.#group);
    for (const corner of corners) L.circleMarker(corner, { ...line, className: "drawn-corner", radius: 4, fillOpacity: 1 }).addTo(this.#group);
    const length = corners.slice(1).reduce((sum, corner, k) => sum + distanceM(corners[k], corner), 0);
    const parts = [el("b", { id: "measured-length" }, say("measured_length", { length: lengthWords(length) }))];
    if (corners.length >= LEAST_FOR_AREA) {
      const m2 = areaM2(corners);
      parts.push(" ", el("b", { id: "measured-area" }, say("measured_area", { area: `${landArea(m2)} · ${num(m2)} ${say("m2")}` })));
    }
    told.replaceChildren(...parts, " ", el("span", { class: "how-to" }, say("measure_how")));
  }
}

/** Show where one is, with how sure that is; what goes wrong is said in plain words. */
function locate(map, group, tell) {
  if (!window.isSecureContext) return tell(say("locate_insecure"));
  if (!navigator.geolocation) return tell(say("locate_none"));
  tell(say("locating"));
  const found = ({ coords: { latitude: lat, longitude: lng, accuracy } }) => {
    tell(say("located", { length: distance(accuracy) }));
    group.clearLayers();
    const circle = L.circle([lat, lng], { radius: accuracy, pane: "chosen", className: "here-circle", weight: 1.5, interactive: false }).addTo(group);
    L.circleMarker([lat, lng], { radius: 7, pane: "chosen", className: "here-dot", weight: 3, interactive: false }).addTo(group);
    map.fitBounds(circle.getBounds(), { maxZoom: SURE_ZOOM, animate: false });
  };
  const failed = ({ code }) => tell(say({ 1: "locate_denied", 2: "locate_unknown", 3: "locate_late" }[code] ?? "locate_unknown"));
  return navigator.geolocation.getCurrentPosition(found, failed, { enableHighAccuracy: true, timeout: LOCATE_MS });
}

/** Show the coordinates under the pointer, else of the middle, and let them be copied. */
function wireCoordinates(map) {
  const words = document.getElementById("coordinates");
  const copy = document.getElementById("copy-coordinates");
  let clicked = null;
  const show = (latlng, what) => {
    const { lat, lng } = latlng.wrap();
    words.replaceChildren(placeWords([lng, lat]));
    words.title = say(what);
  };
  const rest = () => show(clicked ?? map.getCenter(), clicked ? "place_clicked" : "place_middle");
  map.on("mousemove", ({ latlng }) => show(latlng, "place_pointer"));
  map.on("mouseout", rest);
  map.on("click", ({ latlng }) => { clicked = latlng; rest(); });
  map.on("move", () => { clicked = null; rest(); });
  copy.addEventListener("click", async () => {
    const text = words.textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Pages without TLS have no clipboard: the figures are selected for the keys.
      getSelection().selectAllChildren(words);
      return;
    }
    copy.textContent = say("copied");
    setTimeout(() => { copy.textContent = say("copy"); }, COPIED_MS);
  });
  if (map._loaded) rest();
}

/** Return the address of the same view for paper. */
function paperAddress(map) {
  const box = map.getBounds();
  const sides = [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()].map((value) => value.toFixed(6)).join(",");
  return `/map/print${location.hash}&box=${sides}`;
}

/** Wire the tools; returns what the map asks of them: whether one of them takes the clicks. */
export function wireTools(map, on) {
  const measuring = new Measuring(map);
  const here = L.layerGroup().addTo(map);
  const acts = {
    draw: on.draw, measure: () => measuring.start(), compare: on.compare, list: on.list,
    locate: () => locate(map, here, on.problem), print: () => window.open(paperAddress(map), "_blank", "noopener"),
  };
  for (const [name, act] of Object.entries(acts)) {
    document.getElementById(name).addEventListener("click", () => {
      menu.open = false;
      if (measuring.active && name !== "measure") measuring.stop();
      act();
    });
  }
  document.addEventListener("click", ({ target }) => { if (!menu.contains(target)) menu.open = false; });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  L.control.zoom({ position: "topleft", zoomInTitle: say("zoom_in"), zoomOutTitle: say("zoom_out") }).addTo(map);
  L.control.scale({ imperial: false, position: "bottomleft" }).addTo(map);
  map.getContainer().setAttribute("aria-label", say("map_keys"));
  wireCoordinates(map);
  return { get active() { return measuring.active; } };
}
