// Two days side by side: the ground as known on each, with a divider that is drawn or moved by keys.

import { ask, day, el, say } from "./page.js";
import * as place from "./place.js";
import { shownLayer } from "./shown.js";

const L = window.L;
const frame = document.querySelector(".map-frame");
const TILE = { maxZoom: 22, tileSize: 256, updateWhenIdle: true };
const SIDES = ["left", "right"];
const PANES = { left: [212, 222], right: [213, 223] };
const MIDDLE = 50;
const STEP = 2;
const BIG_STEP = 10;
const FAR_PX = 5000;

/** Return what the address compares: {left, right} days, where the divider stands, and pictures; null for nothing. */
export function readCompare() {
  const { swipe } = place.read();
  if (!swipe) return null;
  const [left, right, share, leftPicture, rightPicture] = swipe.split(",");
  if (![left, right].every((iso) => /^\d{4}-\d{2}-\d{2}$/.test(iso ?? ""))) return null;
  const known = Number(share);
  return { left, right, share: Number.isFinite(known) && known >= 0 && known <= 100 ? known : MIDDLE, pictures: { left: leftPicture || null, right: rightPicture || null } };
}

export class Compare {
  #map;
  #layers;
  #on;
  #sides = {};
  #now = null;
  #days = null;
  #bar = null;
  #divider = null;

  constructor(map, layers, on) {
    this.#map = map;
    this.#layers = layers;
    this.#on = on;
    for (const side of SIDES) {
      const [ground, pictures] = PANES[side];
      map.createPane(`ground-${side}`).style.zIndex = ground;
      map.createPane(`pictures-${side}`).style.zIndex = pictures;
      this.#sides[side] = { ground: null, address: null, picture: null, chosen: null };
    }
    map.on("move zoomend resize", () => this.#clip());
  }

  /** Begin to compare the first day with the last, or end it. */
  toggle(overview) {
    if (this.#now) return this.#end();
    if (!overview?.days) return undefined;
    const { first, last } = overview.days;
    this.#write({ left: first, right: place.read().as_of ?? last, share: MIDDLE, pictures: { left: null, right: null } });
    return this.show(overview).catch(this.#on.problem);
  }

  #write(now) {
    this.#now = now;
    place.write({ swipe: [now.left, now.right, Math.round(now.share), now.pictures.left ?? "", now.pictures.right ?? ""].join(",") });
  }

  #end() {
    place.write({ swipe: null });
    this.#clear();
    document.getElementById("tools").querySelector("summary").focus({ preventScroll: true });
  }

  #clear() {
    this.#now = null;
    for (const side of Object.values(this.#sides)) {
      side.ground?.remove();
      side.picture?.remove();
      Object.assign(side, { ground: null, address: null, picture: null, chosen: null });
    }
    this.#bar?.remove();
    this.#divider?.remove();
    this.#bar = this.#divider = null;
    frame.classList.remove("compares");
  }

  /** Show what the address compares, for the campaign and the question of an overview. */
  async show(overview) {
    const wanted = readCompare();
    if (!wanted || !overview?.days) {
      if (this.#now) this.#clear();
      return;
    }
    this.#now = wanted;
    this.#days = overview.days;
    this.#campaign = overview.campaign.id;
    if (!this.#bar) this.#build();
    await this.#fill();
  }

  #campaign = null;
  #turn = 0;

  async #fill() {
    this.#turn += 1;
    const turn = this.#turn;
    const { unit, team, method } = place.question();
    await Promise.all(SIDES.map(async (name) => {
      const side = this.#sides[name];
      const { tiles } = await ask(`layers/${shownLayer()}`, { campaign: this.#campaign, unit, team, method, as_of: this.#now[name] });
      // A slow answer to an older question must not overwrite a newer one.
      if (!this.#now || turn !== this.#turn) return;
      if (tiles !== side.address) {
        side.ground?.remove();
        side.ground = tiles ? L.tileLayer(tiles, { ...TILE, pane: `ground-${name}` }).addTo(this.#map) : null;
        side.address = tiles;
      }
      const picture = this.#now.pictures[name];
      if (picture === side.chosen) return;
      side.picture?.remove();
      const known = this.#layers.pictures.find(({ id }) => String(id) === picture);
      side.picture = known ? L.tileLayer(known.tiles._url, { ...TILE, pane: `pictures-${name}`, bounds: known.bounds, minZoom: 12 }).addTo(this.#map) : null;
      side.chosen = picture;
    }));
    this.#clip();
  }

  #build() {
    frame.classList.add("compares");
    const end = el("button", { type: "button", onclick: () => this.#end() }, say("compare_end"));
    this.#bar = el("div", { id: "compare-bar", class: "floating", role: "group", "aria-label": say("compare") },
      ...SIDES.map((name) => this.#choices(name)), end);
    this.#divider = el("div", {
      id: "divider", role: "slider", tabindex: 0, "aria-label": say("compare_divider"), "aria-orientation": "horizontal",
      "aria-valuemin": 0, "aria-valuemax": 100,
    }, el("span", { class: "knob", "aria-hidden": "true" }, "◂▸"));
    this.#divider.addEventListener("keydown", (event) => this.#key(event));
    this.#divider.addEventListener("pointerdown", (event) => this.#drag(event));
    frame.append(this.#divider, this.#bar);
  }

  #choices(name) {
    const change = (changes) => {
      this.#write({ ...this.#now, ...changes });
      this.#fill().catch(this.#on.problem);
    };
    const when = el("input", { type: "date", name: `compare-${name}`, min: this.#days.first, max: this.#days.last, value: this.#now[name], "aria-label": say(`compare_${name}_day`) });
    when.addEventListener("change", () => {
      if (when.value && when.validity.valid) change({ [name]: when.value });
    });
    const pictures = this.#layers.pictures;
    const select = el("select", { name: `compare-${name}-picture`, "aria-label": say(`compare_${name}_picture`) },
      el("option", { value: "" }, say("compare_no_picture")),
      ...pictures.map(({ id, name: words, taken }) => el("option", { value: id, selected: String(id) === this.#now.pictures[name] }, taken ? `${words} · ${day(taken.slice(0, 10))}` : words)));
    select.addEventListener("change", () => change({ pictures: { ...this.#now.pictures, [name]: select.value || null } }));
    return el("div", { class: "compare-side" }, el("b", {}, say(`compare_${name}`)), when, pictures.length ? select : null);
  }

  #move(share) {
    this.#write({ ...this.#now, share: Math.min(100, Math.max(0, share)) });
    this.#clip();
  }

  #key(event) {
    const step = event.shiftKey ? BIG_STEP : STEP;
    const to = { ArrowLeft: -step, ArrowDown: -step, ArrowRight: step, ArrowUp: step, PageDown: -BIG_STEP, PageUp: BIG_STEP, Home: -100, End: 100 }[event.key];
    if (event.key === "Escape") this.#end();
    if (to === undefined) return;
    event.preventDefault();
    this.#move(this.#now.share + to);
  }

  #drag(event) {
    event.preventDefault();
    this.#divider.setPointerCapture(event.pointerId);
    const box = frame.getBoundingClientRect();
    const moved = ({ clientX }) => this.#move((100 * (clientX - box.left)) / box.width);
    const done = () => {
      this.#divider.removeEventListener("pointermove", moved);
      this.#divider.removeEventListener("pointerup", done);
      this.#divider.removeEventListener("pointercancel", done);
    };
    this.#divider.addEventListener("pointermove", moved);
    this.#divider.addEventListener("pointerup", done);
    this.#divider.addEventListener("pointercancel", done);
    this.#divider.focus({ preventScroll: true });
  }

  /** Cut both sides at the divider: the panes move with the map, the divider stays. */
  #clip() {
    if (!this.#now || !this.#divider) return;
    const { x: wide } = this.#map.getSize();
    const at = (wide * this.#now.share) / 100;
    const { x } = this.#map.containerPointToLayerPoint([at, 0]);
    const far = FAR_PX + Math.abs(x);
    const { y } = this.#map.containerPointToLayerPoint([0, 0]);
    const area = (west, east) => `polygon(${west}px ${y - FAR_PX}px, ${east}px ${y - FAR_PX}px, ${east}px ${y + FAR_PX}px, ${west}px ${y + FAR_PX}px)`;
    for (const kind of ["ground", "pictures"]) {
      this.#map.getPane(`${kind}-left`).style.clipPath = area(x - far, x);
      this.#map.getPane(`${kind}-right`).style.clipPath = area(x, x + far);
    }
    const share = Math.round(this.#now.share);
    this.#divider.style.left = `${this.#now.share}%`;
    this.#divider.setAttribute("aria-valuenow", share);
    this.#divider.setAttribute("aria-valuetext", say("compare_at", { n: share, left: day(this.#now.left), right: day(this.#now.right) }));
  }
}
