// Vector tiles of the map's shapes: fetched once, decoded once, kept while there is room.

import Pbf from "../vendor/pbf/pbf.js";
import { VectorTile } from "../vendor/vector-tile/vector-tile.js";
import { Refused, say, sentence } from "./page.js";

const MOST_KEPT = 300;
const NOTHING = new Map();

/** Return layers by name, each a list of {type, id, rings, properties}; rings are flat [x, y, …]. */
export function decoded(buffer) {
  const layers = new Map();
  const tile = new VectorTile(new Pbf(buffer));
  for (const [name, layer] of Object.entries(tile.layers)) {
    const features = [];
    for (let k = 0; k < layer.length; k += 1) {
      const { type, properties, ...rest } = featureOf(layer.feature(k), layer.extent);
      features.push({ layer: name, type, properties, ...rest });
    }
    layers.set(name, features);
  }
  return layers;
}

/** Return one feature with places as shares of the tile's side. */
function featureOf(feature, extent) {
  const rings = feature.loadGeometry().map((ring) => {
    const flat = new Float32Array(2 * ring.length);
    ring.forEach(({ x, y }, k) => {
      flat[2 * k] = x / extent;
      flat[2 * k + 1] = y / extent;
    });
    return flat;
  });
  return { type: feature.type, properties: feature.properties, rings };
}

/** Fetches tiles by address; the ones used last stay. */
export class TileStore {
  #kept = new Map();

  /** Return a tile's layers; an abort leaves nothing behind. */
  async get(address, signal) {
    const known = this.#kept.get(address);
    if (known) {
      this.#kept.delete(address);
      this.#kept.set(address, known);
      return known;
    }
    const layers = await this.#fetched(address, signal);
    this.#kept.set(address, layers);
    if (this.#kept.size > MOST_KEPT) this.#kept.delete(this.#kept.keys().next().value);
    return layers;
  }

  async #fetched(address, signal) {
    let answer;
    try {
      answer = await fetch(address, { signal });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Refused(0, say("failed"));
    }
    if (answer.status === 204) return NOTHING;
    if (!answer.ok) {
      const told = await answer.json().catch(() => null);
      throw new Refused(answer.status, answer.status === 401 ? say("signed_out") : told ? sentence(told) : say("failed"));
    }
    const data = await answer.arrayBuffer();
    return data.byteLength ? decoded(data) : NOTHING;
  }
}
