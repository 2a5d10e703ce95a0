// The legend: only what the map shows, by the same signs.

import { el, page, say, svg } from "./page.js";
import { caseSign, patchSign, photoSign, siteSign, trackKey, unitColour } from "./signs.js";

const PATCH_STATES = ["suspected", "assigned", "confirmed", "eradicated", "dismissed", "licensed"];
const CASE_STATES = ["suspected", "assigned", "confirmed", "eradicated", "rechecked"];
const SITE_STATES = [["due", "legend_site_due"], ["overdue", "legend_site_overdue"], ["fine", "legend_site_fine"]];
const MODES = ["foot", "vehicle", "boat", "drone"];

const boxKey = (name, letter = null) => {
  const text = letter ? [svg("text", { x: 12, y: 12, class: "s-letter" }, letter)] : [];
  return svg("svg", { viewBox: "0 0 24 16", "aria-hidden": "true" }, svg("rect", { x: 3, y: 2, width: 18, height: 12, class: name }), ...text);
};
const line = (sign, words) => el("li", {}, sign, el("span", {}, words));
const states = (kind) => new Map(page.states[kind]);

const KEYS = {
  surveys: () => [line(boxKey("s-survey"), say("survey"))],
  areas: () => [line(svg("svg", { viewBox: "0 0 24 16", "aria-hidden": "true" }, svg("path", { d: "M1 8h22", class: "s-area" })), say("legend_area"))],
  gaps: () => [line(boxKey("s-gap"), say("legend_gap"))],
  zones: () => [line(boxKey("s-licensed", "L"), say("legend_licensed")), line(boxKey("s-licensed past"), say("legend_licence_past")), line(boxKey("s-former"), say("legend_former"))],
  tracks: (overview, room) => [
    ...MODES.map((mode) => line(trackKey(mode), say(`legend_track_${mode}`))),
    line(svg("svg", { viewBox: "0 0 24 16", "aria-hidden": "true" }, svg("path", { d: "M3 8h18", class: "s-doubtful" }), svg("path", { d: "M1 8h22", class: "s-track" })), say("legend_doubtful")),
    ...unitKeys(overview, room),
  ],
  photos: () => [line(photoSign(0), say("legend_photo"))],
  sites: () => SITE_STATES.map(([state, words]) => line(siteSign(state), say(words))),
  patches: () => [...PATCH_STATES.filter((state) => states("patches").has(state)).map((state) => line(patchSign(state), states("patches").get(state))), line(countKey(), say("legend_count"))],
  cases: () => [...CASE_STATES.map((state) => line(caseSign(state), states("cases").get(state))), line(caseSign("suspected", true), say("legend_overdue"))],
};

const countKey = () => svg("svg", { viewBox: "0 0 24 16", "aria-hidden": "true" },
  svg("circle", { cx: 12, cy: 8, r: 7, class: "s-count" }), svg("text", { x: 12, y: 11.500, class: "s-number" }, "9"));

/** Return one line a unit, folded away; where there is no room for all, only their number. */
function unitKeys(overview, room) {
  const units = overview?.sources.units ?? [];
  if (!units.length) return [];
  if (units.length > room) return [el("li", {}, say("unit_colours", { n: units.length }))];
  const keys = units.map(({ code, name }) => el("li", { class: "unit-key" }, trackKey("foot", unitColour(code)), el("span", { title: name }, name)));
  return [el("li", { class: "unit-keys" }, el("details", {}, el("summary", {}, say("unit_colours", { n: keys.length })), el("ul", {}, keys)))];
}

/** Draw the legend of the layers that are on, in groups with their names. */
export function showLegend(layers, overview, room = Infinity) {
  const list = document.getElementById("legend-list");
  const open = list.querySelector("details")?.open ?? false;
  const groups = Object.entries(KEYS).filter(([name]) => layers.has(name)).map(([name, keys]) =>
    el("section", { "data-legend": name }, el("h3", {}, say(`layer_${name}`)), el("ul", {}, keys(overview, room))));
  list.replaceChildren(...groups);
  if (open && list.querySelector("details")) list.querySelector("details").open = true;
  document.getElementById("legend-cells").hidden = !layers.has("coverage");
}
