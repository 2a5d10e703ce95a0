// The kinds of shapes that come as vector tiles, and what the question in the address asks of each.

import { askFirst } from "./asked_early.js";
import { page } from "./page.js";
import { PAINTERS } from "./map_painters.js";
import { ShapeLayer } from "./map_shapes.js";
import { TileStore } from "./map_tiles.js";
import * as place from "./place.js";

// The pane of each kind: points lie over lines, cases over all.
const PANES = { surveys: "outlines", tracks: "tracks", photos: "photos", sites: "photos", patches: "patches", cases: "patches" };
export const KINDS = Object.keys(PANES);
// Ways of looking that leave a line.
const LINES = new Set(["foot", "vehicle", "boat", "drone"]);

/** Return what the address asks of a kind, as its tiles take it. */
export function shapeQuery(kind, filters, window = {}) {
  const now = place.read();
  const chosen = now.state.map((one) => one.split(".")).filter(([of]) => of === kind).map(([, state]) => state);
  const wanted = {
    unit: now.unit, team: now.team, state: chosen.length || kind !== "cases" ? chosen : page.open_states, survey: now.picture,
    mode: now.method.filter((one) => LINES.has(one)),
    from: now.from ?? window.start ?? null, to: now.as_of ?? window.end ?? null,
  };
  return Object.fromEntries(Object.entries(wanted).filter(([name, value]) => filters.includes(name) && value !== null && [value].flat().length));
}

export class Shapes {
  #layers = {};
  #told = null;
  #arrived;
  #loading = new Promise((done) => { this.#arrived = done; });
  #window = {};

  /** @param groups name → Leaflet group; @param problem told of tiles that did not come */
  constructor(groups, problem, options = {}) {
    const store = new TileStore();
    // A patch that a case stands for is small below the sign of its case.
    const under = () => this.#layers.cases?._map;
    for (const kind of KINDS) {
      this.#layers[kind] = new ShapeLayer(kind, PAINTERS[kind], store, { pane: PANES[kind], under, ...options }).onFailure(problem);
      this.#layers[kind].addTo(groups[kind]);
    }
  }

  /** Ask which shapes there are now, and show them. */
  async load(campaign = null) {
    this.#told = await askFirst("shapes");
    // A campaign of the past shows its own season only.
    this.#window = campaign ? { start: campaign.start, end: campaign.end } : {};
    this.#arrived();
    this.refresh();
  }

  get days() {
    return this.#told?.days ?? null;
  }

  /** Show what the address asks for. */
  refresh() {
    if (!this.#told) return;
    for (const [kind, layer] of Object.entries(this.#layers)) {
      const { url, deepest_zoom: deepest } = this.#told.kinds[kind] ?? {};
      if (!url) continue;
      const wanted = this.#wanted(kind);
      if (wanted) layer.ask(url, wanted, deepest);
      else layer.ask(null, {});
    }
  }

  /** Return what the map asks of a kind, null for nothing at all; a table asks the same. */
  async asked(kind) {
    await this.#loading;
    return this.#wanted(kind);
  }

  #wanted(kind) {
    const narrowed = ["tracks", "photos"].includes(kind) ? this.#window : {};
    return nothingAsked(kind) ? null : shapeQuery(kind, this.#told.kinds[kind]?.filters ?? [], narrowed);
  }

  /** Draw all again: the theme or the units' colours have changed. */
  redraw() {
    for (const layer of Object.values(this.#layers)) layer.redraw();
  }

  of(kind) {
    return this.#layers[kind];
  }

  /** Return what lies near a point of the map's frame, the nearest first. */
  hits(point, reach) {
    const all = Object.values(this.#layers).flatMap((layer) => layer.hits(point, reach));
    const points = all.filter(({ item }) => item.point);
    return (points.length ? points : all).sort((a, b) => a.far - b.far);
  }

  settled() {
    return this.#told !== null && Object.values(this.#layers).every((layer) => layer.settled());
  }
}

// Ways of looking that leave no line ask for no track at all.
function nothingAsked(kind) {
  const { method } = place.read();
  return kind === "tracks" && method.length > 0 && !method.some((one) => LINES.has(one));
}
