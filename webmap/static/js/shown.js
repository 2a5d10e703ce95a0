// What the map shows of every cell: the choice, its tiles and its legend with numbers.

import { ask, day, el, km2, num, page, percent, say, svg } from "./page.js";
import * as place from "./place.js";

const select = document.getElementById("shown");
const legend = document.getElementById("legend-cells");
const FIRST = "state";
const NESTED = ["touched", "covered", "cleared"];

const twoFigures = (value) => String(Number(value.toPrecision(2)));
const WORDS = {
  pod: ({ low, high }) => say("from_to", { low: num(low, 2), high: num(high, 2) }),
  sensitivity: ({ low, high }) => say("from_to", { low: num(low, 2), high: num(high, 2) }),
  last_seen: ({ low, high }) =>
    high === null ? say("days_more", { low: num(low) }) : say("days_from_to", { low: num(low ? low + 1 : 0), high: num(high) }),
  risk: (shade) => bounds(shade, (value) => `×${num(value, 1)}`),
  remaining: (shade) => bounds(shade, twoFigures),
};

function bounds({ low, high }, show) {
  return high === null ? say("at_least", { low: show(low) }) : say("from_to", { low: show(low), high: show(high) });
}

/** Return the layer that the address asks for. */
export function shownLayer() {
  const { show } = place.read();
  return [...select.options].some((option) => option.value === show) ? show : FIRST;
}

/** Return its name in the page's language. */
export const shownName = () => [...select.options].find((option) => option.value === shownLayer()).text;

/** Let a person choose; `changed` is called after the address has it. */
export function wireShown(changed) {
  select.addEventListener("change", () => {
    place.write({ show: select.value === FIRST ? null : select.value });
    changed();
  });
}

/** Ask for the chosen layer of a campaign and draw its legend; returns the address of its tiles. */
export async function loadShown(campaign) {
  select.value = shownLayer();
  if (campaign === null) {
    legend.replaceChildren();
    return null;
  }
  const layer = await ask(`layers/${shownLayer()}`, { campaign, ...place.question() });
  drawLegend(layer);
  return layer.tiles;
}

/** Draw the legend of a layer of cells, with numbers and the day. */
export function drawLegend({ layer, legend: shades, ground_m2: ground, as_of: shownDay }) {
  const total = `${km2(ground)} ${say("km2")}`;
  legend.replaceChildren(
    el("p", { class: "legend-title" }, say(`about_${layer}`)),
    el("ul", {}, shades.map((shade) => shadeItem(layer, shade, ground))),
    el("p", { class: "hint" }, say("legend_of", { total, day: day(shownDay) })));
}

function shadeItem(layer, shade, ground) {
  // The panel counts these nested, so a second number for the same word would only confuse.
  const share = NESTED.includes(shade.kind) ? null : percent(ground > 0 ? shade.ground_m2 / ground : null);
  return el("li", {}, swatch(shade), el("span", {}, words(layer, shade)), el("span", { class: "share" }, share));
}

function swatch({ kind, colour, opacity }) {
  const patterns = { unseen: "url(#hatch)", expired: "url(#dots)" };
  const fill = patterns[kind] ? { fill: patterns[kind] } : { fill: colour, "fill-opacity": opacity };
  return svg("svg", { viewBox: "0 0 24 16", class: "swatch", "aria-hidden": "true" }, svg("rect", { width: 24, height: 16, ...fill }));
}

function words(layer, shade) {
  if (shade.kind === "class") return WORDS[layer](shade);
  if (shade.kind === "unseen") return say("unseen");
  return say(`legend_${shade.kind}`, { covered: percent(page.covered_share), cleared: num(page.cleared_pod, 2) });
}
