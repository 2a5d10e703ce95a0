// Speed over time as a strip below the map: how even a walk was, and where it rested or raced.

import { clock, el, say, speed, svg } from "./page.js";

const HIGH = 48;

/** Draw the strip of a track's speeds into a figure; without times it is hidden. */
export function drawStrip(figure, strip) {
  figure.hidden = !strip;
  if (!strip) return;
  const { start, part_s: part, mps } = strip;
  const known = mps.filter((value) => value !== null);
  const most = Math.max(...known, 0.1);
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const timeOf = (k) => clock(new Date(Date.parse(start) + k * part * 1000).toISOString());
  const bars = mps.map((value, k) =>
    value === null ? "" : `M${k} ${HIGH}V${rounded(HIGH - (HIGH * value) / most)}H${k + 1}V${HIGH}Z`).join("");
  const words = say("speed_words", { mean: speed(mean), most: speed(most) });
  const drawing = svg("svg", { viewBox: `0 0 ${mps.length} ${HIGH}`, preserveAspectRatio: "none", role: "img", "aria-label": words },
    svg("path", { d: bars, class: "speed-bars" }));
  const caption = el("span", {}, words);
  drawing.addEventListener("pointermove", ({ clientX }) => {
    const box = drawing.getBoundingClientRect();
    const k = Math.min(Math.max(Math.floor(((clientX - box.left) / box.width) * mps.length), 0), mps.length - 1);
    caption.textContent = `${timeOf(k)} · ${mps[k] === null ? say("nothing_recorded") : speed(mps[k])}`;
  });
  drawing.addEventListener("pointerleave", () => { caption.textContent = words; });
  figure.replaceChildren(
    el("figcaption", {}, el("b", {}, say("speed_strip")), " ", caption),
    drawing,
    el("div", { class: "strip-times" }, el("span", {}, timeOf(0)), el("span", {}, `${timeOf(mps.length)} (${say("beijing")})`)));
}

const rounded = (value) => Math.round(value * 100) / 100;
