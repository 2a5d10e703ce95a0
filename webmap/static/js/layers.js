// The layers of the map: tiles, outlines, tracks, photos and patches, each fed from the API.

import { ask, page, say } from "./page.js";
import * as place from "./place.js";
import { drawCases } from "./cases_layer.js";
import { drawSites } from "./sites_layer.js";
import { accessMarker, label, outlineStyle, patchMarker, photoMarker, placeWords, trackStyle, UnitColours, whenChosen } from "./signs.js";

const L = window.L;
const PANES = [
  ["base", 200], ["coverage", 210], ["surveys", 220], ["zones", 410], ["areas", 420],
  ["gaps", 430], ["tracks", 440], ["chosen", 450], ["labels", 610], ["photos", 615], ["patches", 620],
];
const TILE = { maxZoom: 22, tileSize: 256, updateWhenIdle: true };
const LABEL_LEAST_PX = 30;
const LABEL_EM_PX = 14;
const BADGE_PX = 26;
const GAP_LABELS = 10;

export class Layers {
  #map;
  #groups = {};
  #colours = new UnitColours();
  #coverage = null;
  #names = [];
  #badges = [];
  #moving = null;
  #timer = null;
  #letters = [];
  #suspects = [];
  #told = { address: "", patches: "", tracks: "", photos: "", sites: "", cases: "" };

  /**
   * @param map the Leaflet map that folium made
   * @param on what to do on a click: {area, track, photo, patch, gap}
   */
  constructor(map, on) {
    this.#map = map;
    this.on = on;
    this.campaign = null;
    this.patch = null;
    this.ready = false;
    for (const [name, zIndex] of PANES) map.createPane(name).style.zIndex = zIndex;
    for (const name of ["base", "coverage", "surveys", "areas", "gaps", "zones", "tracks", "photos", "sites", "patches", "cases"]) {
      this.#groups[name] = L.layerGroup();
    }
    this.#chosen = L.layerGroup().addTo(map);
    this.#trackCanvas = L.canvas({ pane: "tracks", tolerance: 6 });
    if (page.base) {
      map.getContainer().classList.add("has-base");
    }
    map.on("moveend", () => this.refreshSoon());
    map.on("zoomend", () => this.#declutter());
  }

  #chosen;
  #trackCanvas;

  /** Switch a layer on or off. */
  show(name, on) {
    if (on) this.#groups[name].addTo(this.#map);
    else this.#groups[name].remove();
    if (on) this.refreshSoon();
    else if (name in this.#told) {
      this.#told[name] = "";
      this.#tell();
    }
  }

  /** Fetch what lies in the view once the map has come to rest and the campaign is known. */
  refreshSoon() {
    clearTimeout(this.#timer);
    if (this.ready) this.#timer = setTimeout(() => this.refreshMoving(), 150);
  }

  /** Draw what belongs to an overview: gaps. */
  showOverview(overview) {
    this.campaign = overview.campaign?.id ?? null;
    // The map has its first view only now: an earlier base map would ask for the whole country.
    if (!this.ready && page.base) {
      const zooms = { minZoom: page.base[0], maxNativeZoom: page.base[1] };
      L.tileLayer("/tiles/base/{z}/{x}/{y}", { ...TILE, ...zooms, pane: "base" }).addTo(this.#groups.base);
    }
    this.ready = true;
    this.refreshSoon();
    this.#groups.gaps.clearLayers();
    this.#badges = [];
    for (const gap of overview.gaps) {
      L.geoJSON(gap, { pane: "gaps", style: outlineStyle.gap, interactive: false }).addTo(this.#groups.gaps);
      if (gap.properties.rank <= GAP_LABELS) {
        const { rank, point } = gap.properties;
        const sign = label(point, String(rank), "gap-label", { title: `${say("gaps")} ${rank}`, keyboard: false });
        sign.on("click", () => this.on.gap(gap.properties));
        this.#badges.push({ marker: sign, group: this.#groups.gaps, width: BADGE_PX, bbox: null });
      }
    }
    this.#declutter();
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
    this.#groups.areas.clearLayers();
    this.#names = [];
    if (found.parent) {
      L.geoJSON(found.parent, { pane: "areas", style: outlineStyle.drilled, interactive: false }).addTo(this.#groups.areas);
    }
    L.geoJSON(found, { pane: "areas", style: outlineStyle.area, interactive: false }).addTo(this.#groups.areas);
    for (const { properties } of found.features) {
      if (properties.code === found.parent?.properties.code) continue;
      const { code, name, bbox } = properties;
      const marker = label(properties.label, name, "area-label", { title: say("go_to", properties) });
      whenChosen(marker, () => this.on.area(code));
      this.#names.push({ marker, group: this.#groups.areas, width: name.length * LABEL_EM_PX, bbox });
    }
    this.#declutter();
  }

  /** Draw what does not change while one looks: zones and drone pictures. */
  async showFixed() {
    const [zones, surveys] = await Promise.all([ask("zones"), ask("surveys")]);
    this.#groups.zones.clearLayers();
    this.#letters = [];
    for (const zone of zones.features) {
      const { kind, valid } = zone.properties;
      const style = outlineStyle[kind](valid);
      const drawn = L.geoJSON(zone, { pane: "zones", style, interactive: false }).addTo(this.#groups.zones);
      if (kind === "licensed" && valid) {
        const { lat, lng } = drawn.getBounds().getCenter();
        this.#letters.push(label([lng, lat], "L", "zone-label", { interactive: false, keyboard: false }));
      }
    }
    this.#declutter();
    this.#groups.surveys.clearLayers();
    for (const survey of surveys.features) {
      const [west, south, east, north] = survey.properties.bbox;
      const bounds = [[south, west], [north, east]];
      L.tileLayer(survey.properties.tiles, { ...TILE, pane: "surveys", bounds, minZoom: 12 }).addTo(this.#groups.surveys);
      L.geoJSON(survey, { pane: "zones", style: outlineStyle.survey, interactive: false }).addTo(this.#groups.surveys);
    }
  }

  /** Fetch what lies in the view: tracks, photos and patches. A newer question ends an older one. */
  async refreshMoving() {
    this.#moving?.abort();
    this.#moving = new AbortController();
    const { signal } = this.#moving;
    const box = this.#map.getBounds();
    const bbox = [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()].map((v) => v.toFixed(6)).join(",");
    try {
      const wanted = { bbox, campaign: this.campaign };
      await Promise.all([this.#drawTracks({ ...wanted, as_of: place.read().as_of }, signal), this.#drawPhotos(wanted, signal), this.#drawPatches({ bbox }, signal), this.#drawSites(bbox, signal), this.#drawCases(bbox, signal)]);
    } catch (error) {
      if (error.name !== "AbortError") this.on.problem(error);
    }
  }

  async #drawTracks(wanted, signal) {
    const group = this.#groups.tracks;
    if (!this.#map.hasLayer(group)) return;
    const found = await ask("tracks", wanted, signal);
    this.#colours.learn(found.features.filter((f) => f.properties.unit_code).map((f) => [f.properties.unit_code, f.properties.unit]));
    this.#colours.showIn(document.getElementById("legend-units"));
    group.clearLayers();
    const doubtful = { ...found, features: found.features.filter((f) => f.properties.doubtful) };
    L.geoJSON(doubtful, { style: { ...outlineStyle.doubtful(), renderer: this.#trackCanvas }, pane: "tracks", interactive: false }).addTo(group);
    L.geoJSON(found, {
      style: (feature) => ({ ...trackStyle(feature.properties, this.#colours, this.#map.getZoom()), renderer: this.#trackCanvas }),
      pane: "tracks",
      onEachFeature: (feature, line) =>
        line.on("click", (event) => {
          L.DomEvent.stopPropagation(event);
          this.on.track(feature.properties.id);
        }),
    }).addTo(group);
    this.#told.tracks = found.limited ? say("tracks_limited", { n: found.features.length }) : "";
    this.#tell();
  }

  async #drawPhotos(wanted, signal) {
    const group = this.#groups.photos;
    if (!this.#map.hasLayer(group)) return;
    const found = await ask("photos", wanted, signal);
    group.clearLayers();
    for (const { geometry, properties } of found.features) {
      whenChosen(photoMarker(geometry.coordinates, properties), () => this.on.photo(properties.id)).addTo(group);
    }
    this.#told.photos = found.limited ? say("photos_limited", { n: found.features.length }) : "";
    this.#tell();
  }

  async #drawSites(bbox, signal) {
    this.#told.sites = await drawSites(this.#map, this.#groups.sites, bbox, signal);
    this.#tell();
  }

  async #drawCases(bbox, signal) {
    this.#told.cases = await drawCases(this.#map, this.#groups.cases, bbox, signal);
    this.#tell();
  }

  async #drawPatches(wanted, signal) {
    const group = this.#groups.patches;
    if (!this.#map.hasLayer(group)) return;
    const found = await ask("patches", wanted, signal);
    group.clearLayers();
    for (const { properties } of found.features) {
      whenChosen(patchMarker(properties, properties.id === this.patch), () => this.on.patch(properties.id)).addTo(group);
    }
    this.#suspects = found.features.map((f) => f.properties).filter((p) => p.state !== "licensed").map(({ point: [lon, lat] }) => [lat, lon]);
    this.#declutter();
    const counts = { n: found.features.length, total: found.total };
    this.#told.patches = counts.n < counts.total ? say("patches_shown", counts) : "";
    this.#tell();
  }

  /** Mark what the panel shows: a cell's square, or nothing. */
  choose(geometry) {
    this.#chosen.clearLayers();
    if (geometry) {
      L.geoJSON(geometry, { pane: "chosen", style: outlineStyle.cell, interactive: false }).addTo(this.#chosen);
    }
  }

  /** Mark a photo that the panel shows, also where the layer is off: its place and its ground. */
  choosePhoto(photo) {
    this.choose(photo.footprint);
    photoMarker([photo.lon, photo.lat], photo, true).addTo(this.#chosen);
  }

  /** Mark the way into a gap. */
  chooseGap({ access }) {
    this.choose(null);
    accessMarker(access.point, `${say("access")} ${placeWords(access.point)}`).addTo(this.#chosen);
  }

  /** Say, or no longer say, that the address named what does not exist. */
  tellAddress(words) {
    this.#told.address = words;
    this.#tell();
  }

  #tell() {
    this.on.note([this.#told.address, this.#told.patches, this.#told.tracks, this.#told.photos, this.#told.sites, this.#told.cases].filter(Boolean).join(" · "));
  }

  /** Show names and ranks that have room, the first ones first; none covers another. */
  #declutter() {
    const taken = [];
    for (const { marker, group, width, bbox } of [...this.#names, ...this.#badges]) {
      const { x, y } = this.#map.latLngToContainerPoint(marker.getLatLng());
      const top = bbox ? y - BADGE_PX : y;
      const mine = { left: x - width / 2, right: x + width / 2, top, bottom: top + BADGE_PX };
      if (this.#hasRoom(bbox) && !taken.some((other) => overlap(mine, other))) {
        taken.push(mine);
        marker.addTo(group);
      } else {
        marker.removeFrom(group);
      }
    }
    this.#declutterLetters();
  }

  /** Hide a parcel's L behind a suspected patch: that patch would read as licensed. */
  #declutterLetters() {
    const suspects = this.#suspects.map((place) => this.#map.latLngToContainerPoint(place));
    for (const letter of this.#letters) {
      const mine = this.#map.latLngToContainerPoint(letter.getLatLng());
      if (suspects.some((other) => mine.distanceTo(other) < BADGE_PX)) letter.removeFrom(this.#groups.zones);
      else letter.addTo(this.#groups.zones);
    }
  }

  #hasRoom(bbox) {
    if (!bbox) return true;
    const [west, south, east, north] = bbox;
    const a = this.#map.latLngToContainerPoint([south, west]);
    const b = this.#map.latLngToContainerPoint([north, east]);
    return b.x - a.x >= LABEL_LEAST_PX && a.y - b.y >= LABEL_LEAST_PX / 2;
  }
}

const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** Wire the list of layers; what is not as at first stays in the address. */
export function wireControl(layers) {
  const boxes = [...document.querySelectorAll('#layers input[name="layer"]')];
  const apply = () => {
    const { off, on } = place.read();
    for (const box of boxes) {
      box.checked = box.defaultChecked ? !off.includes(box.value) : on.includes(box.value);
      layers.show(box.value, box.checked);
    }
  };
  for (const box of boxes) {
    if (box.value === "base") box.closest("label").hidden = !page.base;
    box.addEventListener("change", () => {
      layers.show(box.value, box.checked);
      const changed = boxes.filter((b) => b.checked !== b.defaultChecked);
      const named = (checked) => changed.filter((b) => b.checked === checked).map((b) => b.value);
      place.write({ off: named(false), on: named(true) });
    });
  }
  apply();
  return apply;
}
