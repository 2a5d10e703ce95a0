// The layers of the map: tiles of ground and pictures, outlines, names, and the shapes of map_kinds.js.

import { ask, page, say } from "./page.js";
import { askFirst } from "./asked_early.js";
import { KINDS, Shapes } from "./map_kinds.js";
import { Labels } from "./map_labels.js";
import { onTheme } from "./map_pictures.js";
import * as place from "./place.js";
import { accessMarker, label, learnUnits, outlineStyle, photoMarker, placeWords, whenChosen } from "./signs.js";

const L = window.L;
const PANES = [
  ["base", 200], ["coverage", 210], ["surveys", 220], ["zones", 410], ["outlines", 415], ["areas", 420],
  ["gaps", 430], ["tracks", 440], ["chosen", 450], ["labels", 610], ["photos", 615], ["patches", 620],
];
export const NAMES = ["base", "coverage", "surveys", "areas", "gaps", "zones", "tracks", "photos", "sites", "patches", "cases"];
const TILE = { maxZoom: 22, tileSize: 256, updateWhenIdle: true };
const GAP_LABELS = 10;
const PICTURE_ZOOM = 12;
const MOST_PICTURES = 40;
const LOOK_AGAIN_MS = 120;

export class Layers {
  #map;
  #groups = {};
  #labels;
  #coverage = null;
  #pictures = [];
  #chosen;
  #told = { address: "" };
  #units = "";
  #gapChosen = false;

  /**
   * @param map the Leaflet map that folium made
   * @param on what to do on a click: {area, gap, …}, and where problems go
   */
  constructor(map, on, options = {}) {
    this.#map = map;
    this.on = on;
    this.ready = false;
    this.zones = [];
    for (const [name, zIndex] of PANES) map.createPane(name).style.zIndex = zIndex;
    // Clicks are for the map, which asks the shapes itself.
    for (const name of ["outlines", "tracks", "photos", "patches"]) map.getPane(name).classList.add("shape-pane");
    for (const name of NAMES) this.#groups[name] = L.layerGroup();
    this.#chosen = L.layerGroup().addTo(map);
    this.#labels = new Labels(map);
    this.shapes = new Shapes(this.#groups, (error) => this.on.problem(error), options);
    this.shapes.of("patches").on("load", () => this.#labels.placeLetters());
    onTheme(() => this.shapes.redraw());
    if (page.base) map.getContainer().classList.add("has-base");
    map.on("moveend", () => this.#showPictures());
  }

  /** Switch a layer on or off. */
  show(name, on) {
    if (on) this.#groups[name].addTo(this.#map);
    else this.#groups[name].remove();
    if (name === "cases" && this.has("patches")) this.shapes.of("patches").redraw();
    this.#showPictures();
  }

  /** Tell whether a layer is switched on. */
  has(name) {
    return this.#map.hasLayer(this.#groups[name]);
  }

  /** Draw what belongs to an overview: gaps, and the shapes that its question asks for. */
  showOverview(overview) {
    // The map has its first view only now: an earlier base map would ask for the whole country.
    if (!this.ready && page.base) {
      const zooms = { minZoom: page.base[0], maxNativeZoom: page.base[1] };
      L.tileLayer("/tiles/base/{z}/{x}/{y}", { ...TILE, ...zooms, pane: "base" }).addTo(this.#groups.base);
    }
    this.ready = true;
    const units = overview.sources.units.map(({ code }) => code);
    learnUnits(units);
    // Colours of the eight go by the list of units: another list is another picture.
    if (String(units) !== this.#units) {
      this.#units = String(units);
      this.shapes.of("tracks").redraw();
    }
    // Another question may have other gaps there.
    if (this.#gapChosen) this.choose(null);
    this.#groups.gaps.clearLayers();
    const badges = overview.gaps.map((gap) => {
      L.geoJSON(gap, { pane: "gaps", style: outlineStyle.gap, interactive: false }).addTo(this.#groups.gaps);
      const { rank, point } = gap.properties;
      if (rank > GAP_LABELS) return null;
      const marker = label(point, String(rank), "gap-label", { title: `${say("gaps")} ${rank}`, keyboard: false });
      marker.on("click", () => this.on.gap(gap.properties));
      return { marker, group: this.#groups.gaps };
    });
    this.#labels.badges(badges.filter(Boolean));
    this.#showPictures();
  }

  /** Show the tiles of a layer of cells; the ones before stay until the new ones are there. */
  showCells(address) {
    if (address === this.#coverage) return;
    this.#coverage = address;
    const group = this.#groups.coverage;
    const before = group.getLayers();
    const drop = () => before.forEach((layer) => group.removeLayer(layer));
    if (!address) {
      drop();
      return;
    }
    const tiles = L.tileLayer(address, { ...TILE, pane: "coverage" });
    tiles.once("load", drop);
    tiles.addTo(group);
    // Nothing loads while the layer is switched off.
    if (!this.#map.hasLayer(group)) drop();
  }

  /** Draw the outlines of an area's children, with their names. */
  async showAreas(code) {
    const found = await ask("areas", { parent: code });
    const group = this.#groups.areas;
    group.clearLayers();
    if (found.parent) L.geoJSON(found.parent, { pane: "areas", style: outlineStyle.drilled, interactive: false }).addTo(group);
    L.geoJSON(found, { pane: "areas", style: outlineStyle.area, interactive: false }).addTo(group);
    const inner = found.features.filter(({ properties }) => properties.code !== found.parent?.properties.code);
    this.areas = inner.map(({ properties }) => properties);
    this.#labels.names(inner.map(({ properties }) => {
      const { code: own, name, bbox } = properties;
      const marker = label(properties.label, name, "area-label", { title: say("go_to", properties) });
      whenChosen(marker, () => this.on.area(own));
      return { marker, group, text: name, bbox };
    }));
  }

  /** Draw what does not change while one looks: zones; and learn which drone pictures there are. */
  async showFixed() {
    const [zones, surveys] = await Promise.all([askFirst("zones"), askFirst("surveys")]);
    const group = this.#groups.zones;
    group.clearLayers();
    const letters = [];
    this.zones = zones.features.map((zone) => {
      const { kind, valid } = zone.properties;
      const drawn = L.geoJSON(zone, { pane: "zones", style: outlineStyle[kind](valid), interactive: false }).addTo(group);
      const bounds = drawn.getBounds();
      const { lat, lng } = bounds.getCenter();
      if (kind === "licensed" && valid) letters.push({ marker: label([lng, lat], "L", "zone-label", { interactive: false, keyboard: false }), group });
      return { ...zone.properties, bounds };
    });
    this.#labels.letters(letters, () => this.#suspects());
    for (const { tiles } of this.#pictures) tiles.remove();
    this.#pictures = surveys.features.map(({ properties }) => {
      const [west, south, east, north] = properties.bbox;
      const bounds = L.latLngBounds([[south, west], [north, east]]);
      return { ...properties, bounds, tiles: L.tileLayer(properties.tiles, { ...TILE, pane: "surveys", bounds, minZoom: PICTURE_ZOOM }) };
    });
    this.#showPictures();
  }

  /** Return the drone pictures that the question leaves, the newest first. */
  get surveys() {
    const { from, as_of: until, picture } = place.read();
    return this.#pictures
      .filter(({ id, taken }) => (!picture.length || picture.includes(String(id))) && (!taken || ((!from || taken.slice(0, 10) >= from) && (!until || taken.slice(0, 10) <= until))))
      .sort((a, b) => String(b.taken).localeCompare(String(a.taken)));
  }

  /** Return every drone picture there is. */
  get pictures() {
    return this.#pictures;
  }

  /** Show the pictures in view; those out of view cost nothing. */
  #showPictures() {
    if (!this.ready || !this.#pictures.length) return;
    const view = this.#map.getBounds();
    const near = this.#map.getZoom() >= PICTURE_ZOOM ? this.surveys.filter(({ bounds }) => bounds.intersects(view)).slice(0, MOST_PICTURES) : [];
    const wanted = new Set(near.map(({ tiles }) => tiles));
    const group = this.#groups.surveys;
    for (const { tiles } of this.#pictures) {
      if (wanted.has(tiles) && !group.hasLayer(tiles)) group.addLayer(tiles);
      if (!wanted.has(tiles) && group.hasLayer(tiles)) group.removeLayer(tiles);
    }
  }

  /** Mark what the panel shows: a cell's square, a point, or nothing. */
  choose(geometry) {
    this.#chosen.clearLayers();
    this.#gapChosen = false;
    if (geometry) {
      const ring = (_, latlng) => L.circleMarker(latlng, { radius: 18, pane: "chosen", interactive: false, ...outlineStyle.cell() });
      L.geoJSON(geometry, { pane: "chosen", style: outlineStyle.cell, pointToLayer: ring, interactive: false }).addTo(this.#chosen);
    }
  }

  /** Mark a point that the panel or a table shows. */
  choosePoint(lonLat) {
    this.choose({ type: "Point", coordinates: lonLat });
  }

  /** Mark a photo that the panel shows, also where the layer is off: its place and its ground. */
  choosePhoto(photo) {
    this.choose(photo.footprint);
    photoMarker([photo.lon, photo.lat], photo, true).addTo(this.#chosen);
  }

  /** Mark the way into a gap, and its outline once that is there. */
  chooseGap({ access }, outline = null) {
    this.choose(null);
    this.#gapChosen = true;
    if (outline) L.geoJSON(outline, { pane: "chosen", style: outlineStyle.gapChosen, interactive: false }).addTo(this.#chosen);
    accessMarker(access.point, `${say("access")} ${placeWords(access.point)}`).addTo(this.#chosen);
  }

  /** Say, or no longer say, that the address named what does not exist. */
  tellAddress(words) {
    this.#told.address = words;
    this.on.note(words);
  }

  #suspects() {
    const found = [];
    this.shapes.of("patches").eachItem((item, corner) => {
      if (item.point && item.properties.state !== "licensed") found.push(L.point(item.x + corner.x, item.y + corner.y));
    });
    return found;
  }

  /** Resolve once every tile of the map has come: for paper. */
  async whenSettled() {
    const waiting = () => !this.shapes.settled() || !this.ready || [...this.#map.getContainer().querySelectorAll("img.leaflet-tile")].some((image) => !image.complete);
    // Twice in a row: a layer may only just be about to ask.
    for (let calm = 0; calm < 2;) {
      await new Promise((done) => { setTimeout(done, LOOK_AGAIN_MS); });
      calm = waiting() ? 0 : calm + 1;
    }
  }
}

/** Wire the list of layers; what is not as at first stays in the address. */
export function wireControl(layers, changed = () => {}) {
  const boxes = [...document.querySelectorAll('#layers input[name="layer"]')];
  const apply = () => {
    const { off, on } = place.read();
    for (const box of boxes) {
      box.checked = box.defaultChecked ? !off.includes(box.value) : on.includes(box.value);
      layers.show(box.value, box.checked);
    }
    changed();
  };
  for (const box of boxes) {
    if (box.value === "base") box.closest(".layer-row").hidden = !page.base;
    box.addEventListener("change", () => {
      layers.show(box.value, box.checked);
      const differ = boxes.filter((b) => b.checked !== b.defaultChecked);
      const named = (checked) => differ.filter((b) => b.checked === checked).map((b) => b.value);
      place.write({ off: named(false), on: named(true) });
      changed();
    });
  }
  apply();
  return apply;
}

export { KINDS };
