// Which looks and things count: the days, the one panel of filters, and the chips that show and undo both.

import { filterNames, LISTS, narrowing } from "./map_narrowing.js";
import { TimeSlider } from "./map_time.js";
import { el, num, say } from "./page.js";
import * as place from "./place.js";

const chips = document.getElementById("chips");
const filter = document.getElementById("filter");
const filterBody = document.getElementById("filter-body");
const SEARCH_FROM = 12;
export class QuestionBar {
  #names = new Map();
  #changed;
  #listed = null;
  #slider;

  /** @param changed called, and awaited, after the address has another question */
  constructor(changed) {
    this.#changed = changed;
    this.#slider = new TimeSlider((changes) => this.#apply(changes));
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
  show(overview, layers) {
    if (!overview) return;
    this.#slider.show(overview.days);
    this.#drawFilter(overview, layers);
    this.#drawChips(overview.narrowed);
  }

  async #apply(changes) {
    place.write(changes);
    await this.#changed();
  }

  #drawFilter(overview, layers) {
    const chosen = place.read();
    const listed = JSON.stringify([overview.sources, overview.days, layers.pictures.map(({ id }) => id)]);
    // Boxes that are made anew would take the focus from whoever goes through them by keys.
    if (listed !== this.#listed) {
      this.#listed = listed;
      this.#names = filterNames(overview, layers);
      const groups = LISTS.map((list) => ({ list, pairs: list.pairs(overview, layers) })).filter(({ pairs }) => pairs.length);
      filterBody.replaceChildren(
        this.#foot(),
        ...(overview.days ? [this.#dates(overview.days)] : []),
        ...groups.map(({ list, pairs }) => this.#group(list, pairs)),
        overview.sources.units.length ? "" : el("p", { class: "hint" }, say("filter_none")));
    }
    for (const box of filterBody.querySelectorAll("input[type=checkbox]")) box.checked = chosen[box.name].includes(box.value);
    for (const name of ["from", "as_of"]) {
      const field = filterBody.querySelector(`input[name=${name}]`);
      if (field && document.activeElement !== field) field.value = chosen[name] ?? "";
    }
    const count = narrowing(this.#names).length;
    document.getElementById("filter-words").replaceChildren(count ? say("filtered", { n: num(count) }) : say("filter"));
    filterBody.querySelector(".reset").disabled = count === 0;
  }

  #foot() {
    return el("div", { class: "filter-head" },
      el("button", { type: "button", class: "reset", onclick: () => this.#apply(place.EVERYTHING) }, say("clear_all")),
      el("button", { type: "button", class: "primary", onclick: () => this.#closeFilter() }, say("filter_close")));
  }

  #dates(days) {
    const field = (name, words) => {
      const input = el("input", { type: "date", name, min: days.first, max: days.last });
      input.addEventListener("change", () => {
        if (input.validity.valid) this.#apply({ [name]: input.value || null });
      });
      return el("label", {}, el("span", {}, say(words)), input);
    };
    return el("fieldset", { class: "dates" }, el("legend", {}, say("filter_days")), field("from", "day_from"), field("as_of", "day_until"),
      el("p", { class: "hint" }, say("filter_days_note")));
  }

  #group({ name, title }, pairs) {
    const boxes = pairs.map(([value, words]) => {
      const box = el("input", { type: "checkbox", name, value });
      box.addEventListener("change", () => {
        const now = place.read()[name].filter((other) => other !== value);
        this.#apply({ [name]: box.checked ? [...now, value] : now });
      });
      return el("label", {}, box, el("span", {}, words));
    });
    const find = el("input", { type: "search", placeholder: say("filter_find"), "aria-label": say("filter_find") });
    find.addEventListener("input", () => boxes.forEach((one) => { one.hidden = !one.textContent.includes(find.value.trim()); }));
    return el("fieldset", {}, el("legend", {}, say(title)), pairs.length > SEARCH_FROM ? find : null, el("div", { class: "boxes" }, boxes));
  }

  #drawChips(narrowed) {
    const shown = narrowing(this.#names).map(({ text, changes }) =>
      el("button", { type: "button", class: "chip-button", "aria-label": say("remove_chip", { name: text }), onclick: () => this.#apply(changes) },
        el("span", {}, text), el("span", { "aria-hidden": "true" }, "✕")));
    if (shown.length > 1) {
      shown.push(el("button", { type: "button", class: "link", onclick: () => this.#apply(place.EVERYTHING) }, say("clear_all")));
    }
    chips.hidden = shown.length === 0;
    chips.replaceChildren(...shown, ...(narrowed ? [el("p", { class: "note", role: "status" }, say("narrowed"))] : []));
  }
}
