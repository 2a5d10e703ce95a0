// Which looks count: the day on the slider, the filter, and the chips that show and undo both.

import { day, el, num, say } from "./page.js";
import * as place from "./place.js";

const slider = document.getElementById("day");
const words = document.getElementById("day-words");
const play = document.getElementById("play");
const chips = document.getElementById("chips");
const filter = document.getElementById("filter");
const filterBody = document.getElementById("filter-body");
const WAIT_MS = 250;
const PLAY_MS = 400;
const DAY_MS = 86400000;
const KINDS = [
  { name: "unit", of: "units", title: "filter_units", pair: ({ code, name }) => [code, name] },
  { name: "team", of: "teams", title: "filter_teams", pair: (team) => [team, team] },
  { name: "method", of: "methods", title: "filter_methods", pair: (method) => [method, say(`method_${method}`)] },
];

export class QuestionBar {
  #days = null;
  #names = new Map();
  #changed;
  #timer = null;
  #playing = false;
  #listed = null;

  /** @param changed called, and awaited, after the address has another question */
  constructor(changed) {
    this.#changed = changed;
    slider.addEventListener("input", () => {
      this.#pause();
      this.#tellDay();
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#apply({ as_of: this.#asOf() }), WAIT_MS);
    });
    play.addEventListener("click", () => (this.#playing ? this.#pause() : this.#play()));
    this.#pause();
    document.addEventListener("click", ({ target }) => {
      if (!filter.contains(target) && target.isConnected) filter.open = false;
    });
    filter.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#closeFilter();
    });
  }

  #closeFilter() {
    filter.open = false;
    filter.querySelector("summary").focus();
  }

  /** Show the question of the address over the days and sources of an overview. */
  show({ days, sources, narrowed }) {
    this.#days = days;
    document.getElementById("days").hidden = days === null || days.first === days.last;
    if (days) {
      slider.max = this.#numberOf(days.last);
      slider.value = this.#numberOf(place.read().as_of ?? days.last);
      this.#tellDay();
    }
    this.#drawFilter(sources);
    this.#drawChips(narrowed);
  }

  #numberOf(iso) {
    return Math.round((Date.parse(iso) - Date.parse(this.#days.first)) / DAY_MS);
  }

  #dayOf(number) {
    return new Date(Date.parse(this.#days.first) + number * DAY_MS).toISOString().slice(0, 10);
  }

  /** Return the day on the slider; null for the last one, which goes on as days come. */
  #asOf() {
    return slider.value === slider.max ? null : this.#dayOf(Number(slider.value));
  }

  #tellDay() {
    const told = day(this.#dayOf(Number(slider.value)));
    words.replaceChildren(told);
    slider.setAttribute("aria-valuetext", told);
  }

  async #apply(changes) {
    place.write(changes);
    await this.#changed();
  }

  async #play() {
    this.#playing = true;
    play.setAttribute("aria-pressed", "true");
    play.replaceChildren("❚❚");
    play.setAttribute("aria-label", say("pause"));
    if (slider.value === slider.max) slider.value = 0;
    while (this.#playing) {
      this.#tellDay();
      await Promise.all([this.#apply({ as_of: this.#asOf() }), new Promise((done) => setTimeout(done, PLAY_MS))]);
      if (slider.value === slider.max) this.#pause();
      if (this.#playing) slider.value = Number(slider.value) + 1;
    }
  }

  #pause() {
    this.#playing = false;
    play.setAttribute("aria-pressed", "false");
    play.replaceChildren("▶");
    play.setAttribute("aria-label", say("play"));
  }

  #drawFilter(sources) {
    const chosen = place.read();
    const listed = JSON.stringify(sources);
    // Boxes that are made anew would take the focus from whoever goes through them by keys.
    if (listed !== this.#listed) {
      this.#listed = listed;
      this.#names.clear();
      const groups = KINDS.flatMap((kind) => {
        const pairs = sources[kind.of].map(kind.pair);
        for (const [value, name] of pairs) this.#names.set(`${kind.name} ${value}`, name);
        return pairs.length ? [this.#group(kind, pairs)] : [];
      });
      const done = el("button", { type: "button", onclick: () => this.#closeFilter() }, say("filter_close"));
      filterBody.replaceChildren(...(groups.length ? groups : [el("p", { class: "hint" }, say("filter_none"))]), done);
    }
    for (const box of filterBody.querySelectorAll("input")) box.checked = chosen[box.name].includes(box.value);
    const count = KINDS.reduce((sum, { name }) => sum + chosen[name].length, 0);
    document.getElementById("filter-words").replaceChildren(count ? say("filtered", { n: num(count) }) : say("filter"));
  }

  #group(kind, pairs) {
    const boxes = pairs.map(([value, name]) => {
      const box = el("input", { type: "checkbox", name: kind.name, value });
      box.addEventListener("change", () => {
        const now = place.read()[kind.name].filter((other) => other !== value);
        this.#apply({ [kind.name]: box.checked ? [...now, value] : now });
      });
      return el("label", {}, box, el("span", {}, name));
    });
    return el("fieldset", {}, el("legend", {}, say(kind.title)), boxes);
  }

  #drawChips(narrowed) {
    const now = place.read();
    const chip = (text, changes) =>
      el("button", { type: "button", class: "chip-button", "aria-label": say("remove_chip", { name: text }), onclick: () => this.#apply(changes) },
        el("span", {}, text), el("span", { "aria-hidden": "true" }, "✕"));
    const shown = now.as_of ? [chip(say("as_of", { day: day(now.as_of) }), { as_of: null })] : [];
    for (const { name } of KINDS) {
      for (const value of now[name]) {
        const text = this.#names.get(`${name} ${value}`) ?? value;
        shown.push(chip(text, { [name]: now[name].filter((other) => other !== value) }));
      }
    }
    if (shown.length > 1) {
      const nothing = { as_of: null, unit: [], team: [], method: [] };
      shown.push(el("button", { type: "button", class: "link", onclick: () => this.#apply(nothing) }, say("clear_all")));
    }
    chips.hidden = shown.length === 0;
    chips.replaceChildren(...shown, ...(narrowed ? [el("p", { class: "note", role: "status" }, say("narrowed"))] : []));
  }
}
