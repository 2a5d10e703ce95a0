// Every layer as a table: what lies in the view, row by row, for keys, for readers, for exact figures.

import { caseSign, patchSign, photoSign, siteSign, trackKey, unitColour } from "./signs.js";
import { arrowKeys, listRow, listTable } from "./lists.js";
import { ask, day, el, landArea, num, page, percent, plotArea, say } from "./page.js";
import * as place from "./place.js";

const PAGE_ROWS = 50;
const WAIT_MS = 300;
export const LISTED = ["patches", "cases", "tracks", "surveys", "photos", "sites", "gaps", "zones", "areas"];
const states = (kind, state) => new Map(page.states[kind]).get(state) ?? state;
const signed = (sign, words) => [el("span", { class: "row-sign", "aria-hidden": "true" }, sign), words];
const within = (box, [lon, lat]) => lon >= box.west && lon <= box.east && lat >= box.south && lat <= box.north;
const touches = (box, [west, south, east, north]) => west <= box.east && east >= box.west && south <= box.north && north >= box.south;
const inDays = (iso) => {
  const { from, as_of: until } = place.read();
  return !iso || ((!from || iso.slice(0, 10) >= from) && (!until || iso.slice(0, 10) <= until));
};
const chosen = (name, value) => {
  const wanted = place.read()[name];
  return !wanted.length || wanted.includes(String(value));
};
// Tiles tell of a site's visit in three states, its record in more.
const SITE_STATES = { never: "overdue", overdue: "overdue", due_soon: "due", fine: "fine", not_started: "fine" };
const chosenState = (kind, state) => {
  return !stateAsked(kind) || place.read().state.includes(`${kind}.${state}`);
};
const stateAsked = (kind) => place.read().state.some((one) => one.startsWith(`${kind}.`));
const number = (words) => ({ words: say(words), number: true });
const text = (words) => ({ words: say(words), number: false });

// Of each layer: its columns, where its rows come from, and what a row says.
const TABLES = {
  patches: {
    columns: () => [text("state"), number("rank"), number("score"), number("area")],
    rows: async (box, side, layers, signal) => {
      const found = await ask("patches", { bbox: box.text }, signal);
      const kept = found.features.map(({ properties }) => properties).filter(({ state }) => chosenState("patches", state));
      return { rows: kept, total: found.total - (found.features.length - kept.length) };
    },
    id: ({ id }) => id,
    cells: (one) => [signed(patchSign(one.state), states("patches", one.state)), one.rank === null ? "–" : num(one.rank), num(one.score, 2), plotArea(one.area_m2)],
    at: ({ point }) => point,
  },
  cases: {
    columns: () => [text("state"), text("name"), text("number"), number("area")],
    rows: async (box, side, layers, signal) => {
      const found = await ask("cases/points", { bbox: box.text, ended: place.read().state.length ? 1 : null }, signal);
      const kept = found.cases.filter(({ state }) => chosenState("cases", state) && (page.open_states.includes(state) || stateAsked("cases")));
      return { rows: kept, total: kept.length, limited: Boolean(found.limited) };
    },
    id: ({ id }) => id,
    cells: (one) => [signed(caseSign(one.state, one.overdue), [states("cases", one.state), one.overdue ? say("overdue") : null].filter(Boolean).join(" · ")), one.title, one.number, one.area_m2 ? plotArea(one.area_m2) : "–"],
    at: ({ point }) => point,
  },
  tracks: {
    columns: () => [text("name"), text("filter_units"), text("filter_teams"), text("way"), text("day")],
    rows: async (box, side, layers, signal) => {
      const found = await ask("tracks", { bbox: box.text, campaign: side.overview.campaign?.id }, signal);
      const kept = found.features.map(({ properties }) => properties).filter((one) =>
        chosen("unit", one.unit_code) && chosen("team", one.team) && chosen("method", one.mode) && inDays(one.day));
      return { rows: kept, total: kept.length, limited: found.limited };
    },
    id: ({ id }) => id,
    cells: (one) => [signed(trackKey(one.mode, unitColour(one.unit_code)), one.name), one.unit ?? "–", one.team || "–", say(`mode_${one.mode}`), one.day ? day(one.day) : "–"],
  },
  surveys: {
    columns: () => [text("name"), text("day"), number("pixel"), number("area")],
    rows: async (box, side, layers) => {
      const rows = layers.surveys.filter(({ bbox }) => touches(box, bbox));
      return { rows, total: rows.length };
    },
    id: ({ id }) => id,
    cells: (one) => [one.name, one.taken ? day(one.taken.slice(0, 10)) : "–", say("gsd", { cm: num(one.gsd_cm, 1) }), landArea(one.valid_area_m2)],
  },
  photos: {
    columns: () => [text("name"), text("day"), text("filter_units"), text("filter_teams")],
    rows: async (box, side, layers, signal) => {
      const found = await ask("photos", { bbox: box.text, campaign: side.overview.campaign?.id }, signal);
      const kept = found.features.map(({ properties }) => properties).filter((one) => chosen("unit", one.unit_code) && chosen("team", one.team) && inDays(one.taken));
      return { rows: kept, total: kept.length, limited: found.limited };
    },
    id: ({ id }) => id,
    cells: (one) => [signed(photoSign(one.heading_deg), one.name), one.taken ? day(one.taken.slice(0, 10)) : "–", one.unit ?? "–", one.team || "–"],
  },
  sites: {
    columns: () => [text("state"), text("name"), text("due")],
    rows: async (box, side, layers, signal) => {
      const found = await ask("sites.geojson", { bbox: box.text }, signal);
      const rows = found.features.map(({ properties }) => properties).filter((one) => one.state in SITE_STATES && within(box, one.place) && chosenState("sites", SITE_STATES[one.state]));
      return { rows, total: rows.length, limited: found.features.length < found.total };
    },
    id: ({ id }) => id,
    cells: (one) => [signed(siteSign(one.state), say(`site_state_${one.state}`)), one.name, one.due ? day(one.due) : "–"],
    at: ({ place: at }) => at,
  },
  gaps: {
    columns: () => [number("rank"), text("areas"), number("area"), number("risk_column")],
    rows: async (box, side) => {
      const rows = side.overview.gaps.map(({ properties }) => properties).filter(({ bbox }) => touches(box, bbox));
      return { rows, total: rows.length, limited: side.overview.gaps_total > side.overview.gaps.length };
    },
    id: (gap) => gap,
    cells: (gap) => [num(gap.rank), gap.area_name, landArea(gap.area_m2), `×${num(gap.risk, 1)}`],
  },
  zones: {
    columns: () => [text("name"), text("kind"), text("until")],
    rows: async (box, side, layers) => {
      const rows = layers.zones.filter(({ bounds }) => touches(box, [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()]));
      return { rows, total: rows.length };
    },
    id: ({ bounds }) => bounds,
    cells: (one) => [one.name, [say(`zone_${one.kind}`), one.valid ? null : say("zone_past")].filter(Boolean).join(" · "), one.valid_to ? day(one.valid_to) : "–"],
  },
  areas: {
    columns: () => [text("name"), number("of_ground"), number("unseen_ground")],
    rows: async (box, side, layers) => {
      const sums = new Map(side.overview.children.map((one) => [one.code, one.coverage]));
      const rows = (layers.areas ?? []).filter(({ bbox }) => touches(box, bbox)).map((one) => ({ ...one, coverage: sums.get(one.code) ?? null }));
      return { rows, total: rows.length };
    },
    id: ({ code }) => code,
    cells: ({ name, coverage }) => [name, coverage ? num(coverage.area_m2 / 1e6, 2) : "–", coverage && coverage.area_m2 > 0 ? percent(1 - coverage.seen_m2 / coverage.area_m2) : "–"],
  },
};

export class ViewTable {
  #map;
  #layers;
  #side;
  #opens;
  #problem;
  #kind = null;
  #first = 0;
  #timer = null;
  #asking = null;

  /** @param opens what to do with the id of a chosen row, by layer */
  constructor(map, layers, side, opens, problem) {
    this.#map = map;
    this.#layers = layers;
    this.#side = side;
    this.#opens = opens;
    this.#problem = problem;
    map.on("moveend", () => this.#later());
  }

  /** Show a layer's table in the panel; it follows the map and the question from then on. */
  open(kind) {
    if (!TABLES[kind] || !this.#side.overview) return;
    this.#kind = kind;
    this.#first = 0;
    place.write({ list: kind });
    this.#side.begin();
    this.#show({ quiet: false });
  }

  #again = () => this.#show({ quiet: true });

  #later() {
    if (!this.#stands()) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => { this.#first = 0; this.#again(); }, WAIT_MS);
  }

  #stands() {
    return this.#side.again === this.#again;
  }

  #box() {
    const bounds = this.#map.getBounds();
    const sides = { west: bounds.getWest(), south: bounds.getSouth(), east: bounds.getEast(), north: bounds.getNorth() };
    return { ...sides, text: Object.values(sides).map((value) => value.toFixed(6)).join(",") };
  }

  async #show({ quiet }) {
    if (quiet && !this.#stands()) return;
    this.#asking?.abort();
    this.#asking = new AbortController();
    try {
      const found = await TABLES[this.#kind].rows(this.#box(), this.#side, this.#layers, this.#asking.signal);
      if (quiet && !this.#stands()) return;
      const focused = document.activeElement?.dataset?.tab;
      this.#side.showDetail(this.#nodes(found), this.#again, { quiet });
      if (focused) document.querySelector(`[data-tab="${focused}"]`)?.focus({ preventScroll: true });
    } catch (error) {
      if (error.name !== "AbortError") this.#problem(error);
    }
  }

  #nodes({ rows, total, limited }) {
    const { columns, cells, id } = TABLES[this.#kind];
    const heads = columns();
    const { table, body } = listTable(heads, say(`layer_${this.#kind}`));
    for (const one of rows.slice(this.#first, this.#first + PAGE_ROWS)) {
      const [main, ...rest] = cells(one);
      const button = el("button", { type: "button", class: "link", "data-main-link": true, onclick: () => this.#choose(id(one)) }, main);
      body.append(listRow(heads, [button, ...rest]));
    }
    arrowKeys(body);
    const off = !this.#layers.has(this.#kind);
    return [
      el("h1", {}, say("in_view")),
      el("div", { class: "tabs table-tabs", role: "group", "aria-label": say("layers") }, LISTED.map((kind) =>
        el("button", { type: "button", "data-tab": kind, "aria-pressed": String(kind === this.#kind), onclick: () => this.open(kind) }, say(`layer_${kind}`)))),
      el("p", { class: "table-count", role: "status", "data-total": total }, say("rows_of", { n: num(rows.length), total: num(total) }),
        limited || rows.length < total ? ` ${say("rows_limited")}` : null, off ? ` ${say("layer_off")}` : null),
      rows.length ? el("div", { class: "table-scroll", tabindex: 0, role: "region", "aria-label": say(`layer_${this.#kind}`) }, table) : el("p", { class: "hint" }, say("rows_none")),
      this.#pages(rows.length),
    ].filter(Boolean);
  }

  #choose(id) {
    this.#opens[this.#kind](id, { fly: true });
  }

  #pages(count) {
    if (count <= PAGE_ROWS) return null;
    const go = (first) => { this.#first = first; this.#again(); };
    const last = Math.min(count, this.#first + PAGE_ROWS);
    return el("p", { class: "acts" },
      el("button", { type: "button", disabled: this.#first === 0, onclick: () => go(this.#first - PAGE_ROWS) }, say("page_before")), " ",
      el("span", {}, `${num(this.#first + 1)}–${num(last)}`), " ",
      el("button", { type: "button", disabled: last === count, onclick: () => go(last) }, say("page_next")));
  }
}
