// The days on the slider: two handles, keys, and a button that plays the days up to the last.

import { day, say } from "./page.js";
import * as place from "./place.js";

const until = document.getElementById("day");
const from = document.getElementById("day-from");
const words = document.getElementById("day-words");
const play = document.getElementById("play");
const band = document.getElementById("day-band");
const WAIT_MS = 250;
const PLAY_MS = 400;
const DAY_MS = 86400000;
// Three years would play for minutes: no play takes more steps than this.
const MOST_STEPS = 90;

export class TimeSlider {
  #days = null;
  #apply;
  #timer = null;
  #playing = false;

  /** @param apply called, and awaited, with the changes of the address */
  constructor(apply) {
    this.#apply = apply;
    for (const slider of [from, until]) slider.addEventListener("input", () => this.#moved(slider));
    play.addEventListener("click", () => (this.#playing ? this.#pause() : this.#play()));
    this.#pause();
  }

  /** Show the days of the address between the first and the last of a campaign; null hides the slider. */
  show(days) {
    // A handle that moved since the address was asked for stays: its own question comes next.
    if (this.#timer && days?.first === this.#days?.first && days?.last === this.#days?.last) return;
    this.#forget();
    this.#days = days;
    document.getElementById("days").hidden = days === null;
    if (!days) return;
    const last = this.#numberOf(days.last);
    const now = place.read();
    for (const slider of [from, until]) {
      slider.max = last;
      slider.disabled = last === 0;
    }
    play.disabled = last === 0;
    until.value = this.#numberOf(now.as_of ?? days.last);
    from.value = this.#numberOf(now.from ?? days.first);
    this.#tell();
  }

  #numberOf(iso) {
    return Math.round((Date.parse(iso) - Date.parse(this.#days.first)) / DAY_MS);
  }

  #dayOf(number) {
    return new Date(Date.parse(this.#days.first) + number * DAY_MS).toISOString().slice(0, 10);
  }

  #moved(slider) {
    this.#pause();
    // No handle passes the other.
    if (Number(from.value) > Number(until.value)) slider.value = slider === from ? until.value : from.value;
    this.#tell();
    this.#forget();
    this.#timer = setTimeout(() => { this.#timer = null; this.#apply(this.#chosen()); }, WAIT_MS);
  }

  #forget() {
    clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Return the days on the slider; null for its ends, which go on as days come. */
  #chosen() {
    return {
      as_of: until.value === until.max ? null : this.#dayOf(Number(until.value)),
      from: from.value === "0" ? null : this.#dayOf(Number(from.value)),
    };
  }

  #tell() {
    const [first, last] = [from, until].map((slider) => this.#dayOf(Number(slider.value)));
    const whole = Math.max(1, Number(until.max));
    band.style.left = `${(100 * Number(from.value)) / whole}%`;
    band.style.right = `${100 - (100 * Number(until.value)) / whole}%`;
    from.setAttribute("aria-valuetext", day(first));
    until.setAttribute("aria-valuetext", day(last));
    words.replaceChildren(from.value === "0" ? day(last) : `${day(first)} – ${day(last)}`);
    // Both handles at the end of the slider: the one that can still move lies on top.
    from.classList.toggle("over", from.value === until.value && until.value === until.max);
  }

  async #play() {
    this.#playing = true;
    play.setAttribute("aria-pressed", "true");
    play.replaceChildren("❚❚");
    play.setAttribute("aria-label", say("pause"));
    const first = Number(from.value);
    if (until.value === until.max) until.value = first;
    const step = Math.max(1, Math.ceil((Number(until.max) - first) / MOST_STEPS));
    while (this.#playing) {
      this.#tell();
      await Promise.all([this.#apply(this.#chosen()), new Promise((done) => { setTimeout(done, PLAY_MS); })]);
      if (until.value === until.max) this.#pause();
      if (this.#playing) until.value = Number(until.value) + step;
    }
  }

  #pause() {
    this.#playing = false;
    play.setAttribute("aria-pressed", "false");
    play.replaceChildren("▶");
    play.setAttribute("aria-label", say("play"));
  }
}
