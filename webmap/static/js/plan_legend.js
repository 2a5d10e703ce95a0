// What the map of plans shows besides routes: the state of the ground, its parts, and the legend.

import { ask, day, el, say, svg } from "./page.js";
import { teamKey } from "./plan_map.js";
import { drawLegend } from "./shown.js";

const legend = document.getElementById("legend");
const small = matchMedia("(max-width: 700px)");

function outlineKey(words, attributes) {
  const sign = svg("svg", { viewBox: "0 0 24 16", "aria-hidden": "true" },
    svg("rect", { x: 2, y: 2, width: 20, height: 12, fill: "none", stroke: "currentColor", "stroke-width": 1.4, "stroke-dasharray": "6 3", ...attributes }));
  return el("li", {}, sign, words);
}

/**
 * Show the parts of the campaign's area, and the legend with the day of the data.
 * @param found the parts, as the API tells them
 * @param teams numbers of the teams that have routes
 * @param ground whether ground to raise is drawn, or may be
 */
export async function showSurroundings(map, overview, found, { teams = [], ground = true } = {}) {
  map.showAreas(found);
  document.getElementById("data-date").textContent = overview.data_until ? say("data_until", { day: day(overview.data_until) }) : say("no_data");
  document.getElementById("legend-plan").replaceChildren(el("ul", {},
    outlineKey(say("areas")), ground ? outlineKey(say("ground_asked"), { "stroke-width": 2.5 }) : "",
    teams.map((team) => el("li", {}, teamKey(team), say("team_label", { n: team })))));
  legend.open = !small.matches;
  drawLegend(await ask("layers/state", { campaign: overview.campaign.id }));
}
