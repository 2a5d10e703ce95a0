// One plan: its routes on the map, what they are worth, and how it was walked.

import { ask, day, distance, drop, duration, el, moment, num, page, percent, say, sentence } from "./page.js";
import { listRow, listTable } from "./lists.js";
import { showSurroundings } from "./plan_legend.js";
import { PlanMap, teamKey } from "./plan_map.js";

const parts = document.getElementById("parts");
const message = document.getElementById("message");
const map = new PlanMap(window.map_main);
const points = (change) => `${change < 0 ? "" : "+"}${num(100 * change, 2)}`;
const fact = (name, value) => [el("dt", {}, name), el("dd", {}, value)];

const TEAMS = [
  { words: say("team") }, { words: say("length"), number: true }, { words: say("took"), number: true },
  { words: say("cells_entered"), number: true }, { words: say("gain_points"), number: true },
];

function teamTable(plan) {
  const { table, body } = listTable(TEAMS, say("teams_of", { n: num(plan.routes.length) }));
  body.append(...plan.routes.map((route) => listRow(TEAMS, [
    el("span", { class: "team" }, teamKey(route.team), say("team_label", { n: num(route.team) })),
    distance(route.length_m), duration(route.hours * 3600), num(route.cells), points(route.gain),
  ], { "data-team": route.team })));
  return el("div", { class: "list" }, table);
}

/** Return how the plan does against simpler ways of walking the same hours. */
function comparison(plan) {
  const against = (key, other) => el("li", {}, say(key), " ",
    other > 0 && plan.gain > 0 ? say("times_as_much", { points: points(other), times: num(plan.gain / other, 2) }) : points(other));
  return el("ul", { class: "notes" }, against("boustrophedon", plan.boustrophedon), against("nearest_gap", plan.nearest_gap),
    el("li", {}, say("free_walking", { points: points(plan.free_walking) })));
}

function asked(plan) {
  const { asked: wish } = plan;
  return el("dl", {},
    fact(say("day"), plan.day ? day(plan.day) : say("no_day")), fact(say("unit"), plan.unit_name ?? say("not_said")),
    fact(say("asked_for"), say("asked_words", { teams: say("teams_of", { n: num(wish.teams) }), hours: num(wish.hours, wish.hours % 1 ? 1 : 0), width: num(wish.width_m) })),
    fact(say("data_of"), day(wish.as_of)), fact(say("made_by"), `${plan.made_by}, ${moment(plan.made_at)}`));
}

function show(plan) {
  const warnings = plan.warnings.map((en, k) => el("li", {}, sentence({ message: en, message_zh: plan.warnings_zh[k] })));
  parts.replaceChildren(
    el("p", { class: "gain" }, say("gain_sentence", { before: percent(plan.confidence_before), after: percent(plan.confidence_after), points: points(plan.gain) })),
    el("p", { class: "hint" }, say(plan.asked.polygon ? "gain_meaning_ground" : "gain_meaning")),
    ...(warnings.length ? [el("ul", { class: "lead warnings" }, warnings)] : []),
    plan.routes.length ? teamTable(plan) : el("p", { class: "lead" }, say("no_routes")),
    el("section", {}, el("h2", {}, say("compared")), comparison(plan)), el("section", {}, asked(plan)));
  parts.setAttribute("aria-busy", "false");
}

function showWalked(walked) {
  if (!walked) return;
  const planned = walked.routes.reduce((sum, route) => sum + route.planned_m, 0);
  const rows = walked.routes.map((route) => el("li", {},
    say("team_walked", { n: num(route.team), share: percent(route.followed_share), length: distance(route.planned_m) })));
  document.getElementById("walked").replaceChildren(el("section", {}, el("h2", {}, say("planned_walked")),
    el("p", {}, say("walked_sentence", { followed: distance(walked.followed_m), planned: distance(planned), walked: distance(walked.walked_m), tolerance: num(walked.tolerance_m) })),
    el("ul", { class: "notes" }, rows),
    el("p", {}, say("walked_gain", { planned: points(walked.gain_planned), walked: points(walked.gain_walked) })),
    walked.tracks.length ? el("p", {}, say("tracks"), " ", walked.tracks.slice(0, 50).flatMap((id) => [el("a", { href: `/tracks/${id}` }, String(id)), " "]))
      : el("p", { class: "hint" }, say("nobody_walked"))));
}

/** Return the way to take a plan away: two steps. */
function dropPart() {
  const sure = el("button", { type: "button", hidden: true, id: "drop-now", onclick: async () => {
    try {
      await drop(`plans/${page.plan}`);
      location.assign("/plans");
    } catch (error) {
      fail(error);
    }
  } }, say("drop_sure"));
  return [el("button", { type: "button", class: "quiet", id: "drop", onclick: () => { sure.hidden = !sure.hidden; } }, say("drop_plan")), sure];
}

function fail(error) {
  message.textContent = error.message;
  message.hidden = false;
  parts.setAttribute("aria-busy", "false");
}

async function load() {
  const plan = await ask(`plans/${page.plan}`);
  show(plan);
  const overview = await ask("overview", { campaign: plan.campaign });
  map.start(overview.area.bbox, overview.coverage_tiles);
  if (plan.asked.polygon) map.showGround(plan.asked.polygon);
  const routes = plan.routes.filter((route) => route.length_m > 0);
  map.showRoutes(routes);
  await showSurroundings(map, overview, await ask("areas", { parent: overview.campaign.area }), {
    teams: routes.map(({ team }) => team), ground: Boolean(plan.asked.polygon),
  });
  if (page.may_decide) document.getElementById("drop-part").replaceChildren(...dropPart());
  if (plan.over) showWalked((await ask(`plans/${page.plan}/walked`)).walked);
}

load().catch(fail);
