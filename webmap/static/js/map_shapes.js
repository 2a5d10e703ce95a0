// A layer of shapes from vector tiles, drawn on one canvas a tile. A canvas is larger than its tile,
// and each tile draws whole what stands in it: no sign is cut where two tiles meet.

import { addressOf } from "./page.js";

const L = window.L;
const TILE_PX = 512;
// A tile of 512 px holds the ground of one zoom less.
const ZOOM_STEP = 1;
const MARGIN_PX = 40;
const DEEPEST = 16;
const SLICE_MS = 10;
const LOOK_EVERY = 64;
const POINT = 1;
const pause = () => new Promise((done) => { setTimeout(done, 0); });

/** Return the distance from a place to the nearest part of a line, in the line's units. */
export function distanceToLine(flat, x, y) {
  let best = Infinity;
  for (let k = 2; k < flat.length; k += 2) {
    const [ax, ay, bx, by] = [flat[k - 2], flat[k - 1], flat[k], flat[k + 1]];
    const [dx, dy] = [bx - ax, by - ay];
    const length = dx * dx + dy * dy;
    const t = length ? Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / length)) : 0;
    best = Math.min(best, Math.hypot(x - ax - t * dx, y - ay - t * dy));
  }
  return best;
}

export const ShapeLayer = L.GridLayer.extend({
  options: { tileSize: TILE_PX, updateWhenIdle: false, updateWhenZooming: false, keepBuffer: 1, ratio: null },

  /**
   * @param kind the kind's name; its painter is {under, sign}: see map_painters.js
   * @param store where tiles come from
   */
  initialize(kind, painter, store, options) {
    this.kind = kind;
    this._painter = painter;
    this._store = store;
    this._pattern = null;
    this._query = {};
    this._failed = () => {};
    this._refilling = 0;
    L.setOptions(this, options);
  },

  /** Show the tiles of an address pattern, with a query; null shows nothing. */
  ask(pattern, query, deepest = DEEPEST) {
    const wanted = pattern && addressOf(pattern, query);
    if (wanted === this._wanted) return;
    this._wanted = wanted;
    this._pattern = pattern;
    this._query = query;
    this._deepest = deepest;
    this.redraw();
  },

  /** Fill all tiles anew; what a tile shows stays until its new drawing is there. */
  redraw() {
    for (const { el: holder, coords } of Object.values(this._tiles ?? {})) {
      holder.stop.abort();
      holder.stop = new AbortController();
      this._refilling += 1;
      this._fill(holder, coords).catch((error) => {
        if (error.name === "AbortError") return;
        // Shapes of an earlier question would be a wrong answer.
        show(holder, []);
        this._failed(error);
      }).finally(() => {
        this._refilling -= 1;
        if (!this.isLoading()) this.fire("load");
      });
    }
    return this;
  },

  /** Tell whether tiles are still to come, new ones or anew. */
  isLoading() {
    return this._refilling > 0 || L.GridLayer.prototype.isLoading.call(this);
  },

  /** Be told of tiles that did not come. */
  onFailure(act) {
    this._failed = act;
    return this;
  },

  createTile(coords, done) {
    const holder = L.DomUtil.create("div", "shape-tile");
    holder.stop = new AbortController();
    holder.items = [];
    this._fill(holder, coords).then(() => done(null, holder), (error) => {
      if (error.name !== "AbortError") this._failed(error);
      done(error.name === "AbortError" ? null : error, holder);
    });
    return holder;
  },

  _removeTile(key) {
    this._tiles[key]?.el.stop.abort();
    L.GridLayer.prototype._removeTile.call(this, key);
  },

  async _fill(holder, coords) {
    const { signal } = holder.stop;
    if (!this._pattern) return show(holder, []);
    const zoom = coords.z - ZOOM_STEP;
    const deeper = Math.max(0, zoom - this._deepest);
    const parts = 2 ** deeper;
    if (coords.y < 0 || coords.y >= 2 ** zoom || zoom < 0) return undefined;
    const column = ((coords.x % 2 ** zoom) + 2 ** zoom) % 2 ** zoom;
    const place = { z: zoom - deeper, x: Math.floor(column / parts), y: Math.floor(coords.y / parts) };
    const address = addressOf(this._pattern.replace(/\{(\w)\}/g, (_, name) => place[name]), this._query);
    const layers = await this._store.get(address, signal);
    const view = {
      side: TILE_PX * parts, left: (column % parts) * TILE_PX, top: (coords.y % parts) * TILE_PX,
      zoom: coords.z, under: Boolean(this.options.under?.()), ratio: this.options.ratio ?? window.devicePixelRatio ?? 1,
    };
    const items = [...layers.values()].flat().map((feature) => itemOf(feature, view)).filter(Boolean);
    if (this._painter.order) items.sort(this._painter.order);
    const canvas = items.length ? [await this._painted(items, view, signal)] : [];
    if (signal.aborted) throw new DOMException("no longer wanted", "AbortError");
    return show(holder, items, ...canvas);
  },

  /** Draw in slices, so that a full tile never holds up the page. */
  async _painted(items, view, signal) {
    const canvas = L.DomUtil.create("canvas");
    const side = TILE_PX + 2 * MARGIN_PX;
    canvas.width = canvas.height = Math.round(side * view.ratio);
    const { style } = canvas;
    Object.assign(style, { position: "absolute", left: `${-MARGIN_PX}px`, top: `${-MARGIN_PX}px`, width: `${side}px`, height: `${side}px` });
    const context = canvas.getContext("2d");
    context.scale(view.ratio, view.ratio);
    context.translate(MARGIN_PX, MARGIN_PX);
    const clip = new Path2D();
    clip.rect(0, 0, TILE_PX, TILE_PX);
    let began = performance.now();
    for (const { signs, lines } of this._painter.steps) {
      context.save();
      if (lines) context.clip(clip);
      for (let k = 0; k < items.length; k += 1) {
        if (items[k].point ? signs : lines) (signs ?? lines)(context, items[k], view);
        if (k % LOOK_EVERY || performance.now() - began < SLICE_MS) continue;
        await pause();
        if (signal.aborted) throw new DOMException("no longer wanted", "AbortError");
        began = performance.now();
      }
      context.restore();
    }
    return canvas;
  },

  /** Call `act` with every item in the tiles on screen, and the pixels of the map where its tile begins. */
  eachItem(act) {
    if (!this._map) return;
    const origin = this._map.getPixelBounds().min;
    for (const { coords, el, current } of Object.values(this._tiles ?? {})) {
      if (!current || coords.z !== this._tileZoom || this._map.getZoom() !== this._tileZoom) continue;
      const corner = coords.scaleBy(this.getTileSize()).subtract(origin);
      for (const item of el.items) act(item, corner);
    }
  },

  /** Return what lies within reach of a point of the map's frame: [{item, far, at}], the nearest first. */
  hits(point, reach) {
    const found = new Map();
    this.eachItem((item, corner) => {
      const x = point.x - corner.x;
      const y = point.y - corner.y;
      const room = item.reach ?? 0;
      const far = item.point
        ? Math.max(0, Math.hypot(x - item.x - (item.shift ?? 0), y - item.y) - room)
        : Math.min(...item.lines.map((flat) => distanceToLine(flat, x, y)));
      const key = item.properties.id ?? `${item.layer} ${item.x} ${item.y}`;
      if (far <= reach && far < (found.get(key)?.far ?? Infinity)) found.set(key, { kind: this.kind, item, far, corner });
    });
    return [...found.values()].sort((a, b) => a.far - b.far);
  },

  /** Tell whether all tiles are there. */
  settled() {
    return !this._map || !this.isLoading();
  },
});

/** Let a tile stand for some items and show their drawing. */
function show(holder, items, ...drawing) {
  holder.items = items;
  holder.replaceChildren(...drawing);
}

/** Return a feature with its pixels in a tile; null for a point that stands in another tile. */
function itemOf({ layer, type, properties, rings }, { side, left, top }) {
  const [first] = rings;
  if (!first?.length) return null;
  const item = { layer, type, properties };
  if (type === POINT) {
    const [x, y] = [first[0] * side - left, first[1] * side - top];
    return x >= 0 && x < TILE_PX && y >= 0 && y < TILE_PX ? { ...item, point: true, x, y } : null;
  }
  const lines = rings.map((flat) => flat.map((value, k) => value * side - (k % 2 ? top : left)));
  return lines.some(reachesTile) ? { ...item, point: false, lines } : null;
}

function reachesTile(flat) {
  let [west, east, north, south] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let k = 0; k < flat.length; k += 2) {
    west = Math.min(west, flat[k]);
    east = Math.max(east, flat[k]);
    north = Math.min(north, flat[k + 1]);
    south = Math.max(south, flat[k + 1]);
  }
  return east >= -1 && west <= TILE_PX + 1 && south >= -1 && north <= TILE_PX + 1;
}
