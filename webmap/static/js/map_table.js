// Every layer as a table: what lies in the view, row by row, for keys, for readers, for exact figures.

import { arrowKeys, listRow, listTable } from "./lists.js";
import { LISTED, TABLES } from "./map_table_kinds.js";
import { el, num, say } from "./page.js";
import * as place from "./place.js";

const FIRST_ROWS = 50;
const MORE_ROWS = 100;
const WAIT_MS = 300;

export class ViewTable {
  #map;
  #layers;
  #side;
  #opens;
  #problem;
  #kind = null;
  #sort = null;
  // What is listed: {rows, total, next, version, sort}, the box it was asked for, and its table's parts.
  #shown = null;
  #parts = null;
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
    this.#sort = null;
    place.write({ list: kind });
    this.#side.begin();
    this.#show({ quiet: false });
  }

  #again = () => this.#show({ quiet: true });

  #later() {
    if (!this.#stands()) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#again, WAIT_MS);
  }

  #stands() {
    return this.#side.again === this.#again;
  }

  #box() {
    const bounds = this.#map.getBounds();
    const sides = { west: bounds.getWest(), south: bounds.getSouth(), east: bounds.getEast(), north: bounds.getNorth() };
    return { ...sides, text: Object.values(sides).map((value) => value.toFixed(6)).join(",") };
  }

  /** Ask for a page of rows; a later question ends this one. */
  #ask(box, cursor, limit) {
    this.#asking?.abort();
    this.#asking = new AbortController();
    const wanted = { box, cursor, limit, sort: this.#sort, layers: this.#layers, overview: this.#side.overview };
    return TABLES[this.#kind].rows(wanted, this.#asking.signal);
  }

  /** Show the table from its first row on; `note` says why where nobody asked for that. */
  async #show({ quiet, note = null }) {
    if (quiet && !this.#stands()) return;
    const box = this.#box();
    try {
      const found = await this.#ask(box, null, FIRST_ROWS);
      if (quiet && !this.#stands()) return;
      this.#shown = { ...found, box };
      const held = document.activeElement?.dataset?.hold;
      this.#side.showDetail(this.#nodes(), this.#again, { quiet });
      this.#tell(note);
      if (held) document.querySelector(`[data-hold="${held}"]`)?.focus({ preventScroll: true });
    } catch (error) {
      if (error.name !== "AbortError") this.#problem(error);
    }
  }

  /** Add the next rows below those that are there. */
  async #more() {
    const { box, next, version } = this.#shown;
    if (next === null) return;
    try {
      const found = await this.#ask(box, next, MORE_ROWS);
      if (!this.#stands()) return;
      if (found.version !== version) {
        await this.#show({ quiet: true, note: say("rows_changed") });
        return;
      }
      this.#shown = { ...found, box, rows: [...this.#shown.rows, ...found.rows] };
      this.#parts.body.append(...found.rows.map((one) => this.#row(one)));
      this.#tell();
    } catch (error) {
      if (error.code === "cursor_gone") await this.#show({ quiet: true, note: say("rows_changed") });
      else if (error.name !== "AbortError") this.#problem(error);
    }
  }

  /** Say how many are listed of how many; the words change in place, so that readers hear of it. */
  #tell(note = null) {
    const { rows, total, next } = this.#shown;
    const off = this.#layers.has(this.#kind) ? null : say("layer_off");
    const words = [note, say("rows_of", { n: num(rows.length), total: num(total) }), off];
    this.#parts.count.dataset.total = total;
    this.#parts.count.dataset.listed = rows.length;
    this.#parts.count.replaceChildren(words.filter(Boolean).join(" "));
    // It stays when all are listed: whoever pressed it keeps their place.
    this.#parts.more.setAttribute("aria-disabled", String(next === null));
    this.#parts.more.textContent = say(next === null ? "rows_all" : "more");
  }

  #row(one) {
    const [main, ...rest] = TABLES[this.#kind].cells(one);
    const choose = () => this.#opens[this.#kind](TABLES[this.#kind].id(one), { fly: true });
    const button = el("button", { type: "button", class: "link", "data-main-link": true, onclick: choose }, main);
    return listRow(this.#parts.heads, [button, ...rest]);
  }

  /** Return the columns with what sorts by them; the server sorts, over all rows. */
  #heads() {
    const { sort: now } = this.#shown;
    return TABLES[this.#kind].columns().map(({ sort, ...head }) => {
      if (!sort || !now) return head;
      const name = sort.replace("-", "");
      const down = now.startsWith("-");
      const sorted = now.replace("-", "") === name ? (down ? "descending" : "ascending") : null;
      const turned = down ? name : `-${name}`;
      return { ...head, sorted, hold: `sort-${name}`, pick: () => { this.#sort = sorted ? turned : sort; this.#again(); } };
    });
  }

  #nodes() {
    const heads = this.#heads();
    const { table, body } = listTable(heads, say(`layer_${this.#kind}`));
    const { rows, next } = this.#shown;
    this.#parts = {
      heads, body,
      count: el("p", { class: "table-count", role: "status" }),
      more: el("button", { type: "button", "data-hold": "more", onclick: () => this.#more() }),
    };
    body.append(...rows.map((one) => this.#row(one)));
    arrowKeys(body);
    return [
      el("h1", {}, say("in_view")),
      el("div", { class: "tabs table-tabs", role: "group", "aria-label": say("layers") }, LISTED.map((kind) =>
        el("button", { type: "button", "data-tab": kind, "data-hold": `tab-${kind}`, "aria-pressed": String(kind === this.#kind), onclick: () => this.open(kind) }, say(`layer_${kind}`)))),
      this.#parts.count,
      rows.length ? el("div", { class: "table-scroll", tabindex: 0, role: "region", "aria-label": say(`layer_${this.#kind}`) }, table) : el("p", { class: "hint" }, say("rows_none")),
      next === null ? null : el("p", { class: "acts" }, this.#parts.more),
    ].filter(Boolean);
  }
}
