// How sure one may be that the campaign's ground is clean: the whole, its townships, what it rests on.

import { ask, day, distance, el, landArea, moment, num, page, percent, say, sentence, tell } from "./page.js";
import { listRow, listTable } from "./lists.js";
import { intervalBar } from "./claim_bars.js";

const form = document.getElementById("question");
const message = document.getElementById("message");
const whole = document.getElementById("whole");
const list = document.getElementById("parts");
const sorter = document.getElementById("sort");
const kept = document.getElementById("kept");
const asked = Object.fromEntries([...new URLSearchParams(location.search)].filter(([name, value]) => value && form.elements[name]));

const both = (told, name) => sentence({ message: told[name], message_zh: told[`${name}_zh`] });
/** Return a change of a share in percentage points. */
const points = (change) => (change > 0 && change < 0.0005 ? "<+0.1" : `+${num(100 * change, 1)}`);
// As on the map: all ground without a look that still counts, also in cells of which a part was seen.
const unseenM2 = ({ coverage }) => Math.max(coverage.area_m2 - coverage.seen_m2, 0);
const ofGround = (part, m2) => (part.coverage.area_m2 > 0 ? m2 / part.coverage.area_m2 : 0);
const unseen = (part) => ofGround(part, unseenM2(part));
const cleared = (part) => ofGround(part, part.coverage.cleared_m2);
const LITTLE_SEARCHED = 0.5;
/** Return whether the whole interval reaches the target; the middle alone is no proof. */
const surely = (part) => part.posterior_low >= shown.target;
const effort = (need) => (need === null ? Infinity : need.reachable ? need.metres : 1e15);
const nameOf = (part) => (part.rest ? say("rest") : part.name);

// What a column is sorted by; larger first where `down` says so.
const COLUMNS = [
  { key: "name", words: say("areas"), by: nameOf },
  { key: "unseen", words: say("unseen_ground"), number: true, by: unseen, down: true },
  { key: "cleared", words: say("cleared_share"), number: true, by: cleared },
  { key: "posterior", words: say("p_clean"), by: (part) => part.posterior },
  { key: "found", words: say("chance_of_finding"), number: true, by: (part) => part.sensitivity ?? 2 },
  { key: "need", words: say("needed"), number: true, by: (part) => effort(part.need), down: true },
  { key: "day_more", words: say("one_day_more"), number: true, by: (part) => part.need?.one_day_gain ?? -1, down: true },
  { key: "map", words: say("go_on") },
];
let sorting = "posterior";
let shown = null;

/** Return what it would take to reach the target, in words. */
function needWords(part) {
  const { need } = part;
  if (need === null) return "–";
  if (!need.reachable) return el("span", { class: "sub" }, say("out_of_reach", { best: percent(need.posterior_best) }));
  if (need.metres === 0) return surely(part) ? el("span", { class: "good" }, say("reached")) : el("span", { class: "sub" }, say("middle_reached"));
  const days = need.team_days < 0.1 ? `<${num(0.1, 1)}` : num(need.team_days, 1);
  return [distance(need.metres), el("span", { class: "sub" }, say("team_days", { n: days }))];
}

function share(part, value, m2) {
  return [percent(value(part)), el("span", { class: "sub" }, landArea(m2))];
}

function partRow(part) {
  const figure = [
    el("b", { class: surely(part) ? "good" : null }, percent(part.posterior)),
    intervalBar(part, shown.target),
    el("span", { class: "sub" }, say("interval", { low: percent(part.posterior_low), high: percent(part.posterior_high) })),
    el("span", { class: "sub" }, say("prior_of", { share: percent(part.prior) })),
    part.target_met_by_prior && (part.sensitivity ?? 0) < LITTLE_SEARCHED ? el("span", { class: "sub by-prior" }, say("by_prior")) : null,
  ];
  const links = [el("a", { href: `/map#area=${encodeURIComponent(part.code)}` }, say("on_the_map"))];
  if (page.may_decide && !part.rest) links.push(" ", el("a", { href: `/plans?area=${encodeURIComponent(part.code)}` }, say("plan_here")));
  return listRow(COLUMNS, [
    [el("span", {}, nameOf(part)), el("span", { class: "sub" }, part.unit ?? "")],
    share(part, unseen, unseenM2(part)), share(part, cleared, part.coverage.cleared_m2),
    el("div", { class: "sure" }, figure),
    part.sensitivity === null ? el("span", { class: "sub" }, say("no_risk_here")) : percent(part.sensitivity),
    needWords(part), part.need === null ? "–" : points(part.need.one_day_gain), links,
  ], { "data-code": part.code });
}

function showParts() {
  const column = COLUMNS.find(({ key }) => key === sorting);
  const way = column.down ? -1 : 1;
  const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b) : a - b);
  const sorted = [...shown.parts].sort((a, b) => way * compare(column.by(a), column.by(b)));
  const { table, body } = listTable(COLUMNS, say("p_clean"));
  for (const [k, head] of [...table.querySelectorAll("th")].entries()) {
    const { key, words, by, down } = COLUMNS[k];
    if (!by) continue;
    head.replaceChildren(el("button", { type: "button", class: "link", onclick: () => sortBy(key) }, words));
    if (key === sorting) head.setAttribute("aria-sort", down ? "descending" : "ascending");
  }
  body.append(...sorted.map(partRow));
  list.replaceChildren(table);
  document.getElementById("parts-note").textContent = say("parts_note");
  list.setAttribute("aria-busy", "false");
}

function sortBy(key) {
  sorting = key;
  sorter.value = key;
  showParts();
  list.querySelector("th[aria-sort] button").focus();
}

const fact = (words, value, ...more) => el("li", {}, el("b", {}, value), el("span", {}, words), ...more);

/** Return where the prior comes from; the name of a setting alone tells nobody anything. */
function priorFrom() {
  const told = both(shown, "prior_from");
  return told.includes("prior_clean") ? say("prior_is_set") : told;
}

function showWhole() {
  const { whole: claim, target } = shown;
  // Whoever sees no listed area has no claim of their own; ground without risk needs no more.
  if (!claim?.need) {
    whole.replaceChildren(el("p", { class: "lead", id: "meaning" }, both(shown, "meaning")));
    whole.setAttribute("aria-busy", "false");
    return;
  }
  const { need } = claim;
  const days = need.reachable && need.metres > 0 ? say("team_days", { n: num(need.team_days, 1) }) : "";
  whole.replaceChildren(
    el("p", { class: "sub" }, say("claim_of", { campaign: shown.campaign.name, area: claim.name, day: day(shown.as_of) }), " ",
      shown.data_until ? say("data_until", { day: day(shown.data_until) }) : say("no_data")),
    el("div", { class: "claim-figure" },
      el("div", { id: "p-clean" }, el("span", { class: "sub" }, say("p_clean_whole", { patch: num(shown.smallest_patch_m2, shown.smallest_patch_m2 % 1 ? 1 : 0) })), el("b", {}, percent(claim.posterior)),
        el("span", { class: "sub" }, say("interval", { low: percent(claim.posterior_low), high: percent(claim.posterior_high) }))),
      el("p", { class: "lead", id: "meaning" }, both(shown, "meaning"))),
    intervalBar(claim, target),
    el("p", { class: "sub scale" }, el("span", {}, "0 %"), el("span", {}, say("target_at", { share: percent(target) })), el("span", {}, "100 %")),
    el("ul", { class: "facts" },
      fact(say("chance_of_finding"), percent(claim.sensitivity)),
      fact(say("prior_fact"), percent(claim.prior), el("span", {}, priorFrom())),
      fact(say("expected_standing"), num(claim.expected_standing, 2)),
      fact(say("smallest_patch"), `${num(shown.smallest_patch_m2)} ${say("m2")}`),
      fact(say("needed_for", { share: percent(target) }), need.reachable ? (need.metres > 0 ? distance(need.metres) : say(surely(claim) ? "reached" : "middle_reached")) : say("out_of_reach_short"),
        el("span", {}, need.reachable ? days : say("out_of_reach", { best: percent(need.posterior_best) }))),
      fact(say("one_day_more"), points(need.one_day_gain), el("span", {}, say("percentage_points")))),
    el("p", { class: "hint" }, both(need, "note")));
  whole.setAttribute("aria-busy", "false");
}

/** Return what the claim assumes, one line each. */
function assumptions() {
  const { rests_on: on, risk_rules: rules } = shown;
  const looks = Object.entries(on.looks ?? {}).map(([method, n]) => `${say(`method_${method}`)} ${num(n)}`).join(say("comma"));
  const total = Object.values(on.looks ?? {}).reduce((sum, n) => sum + n, 0);
  const spread = Object.entries(on.sd_log).map(([method, sd]) => `${say(`method_${method}`)} ×÷${num(Math.exp(1.96 * sd), 1)}`).join(say("comma"));
  const risk = rules.map((rule) => `${say(`risk_of_${rule.factor}`)}${rule.breakpoints.length ? "" : ` ×${num(rule.multiplier, rule.multiplier % 1 ? 1 : 0)}`}`).join(say("comma"));
  const { walking } = on;
  return [
    ["prior_fact", say("assumed_prior", { share: percent(on.prior), n: num(on.prior_seasons), from: priorFrom() })],
    ["introduction", shown.next_prior === null ? null : say("assumed_introduction", { share: percent(on.introduction), next: percent(shown.next_prior) })],
    ["design_prevalence", say("assumed_prevalence", { n: num(on.design_prevalence, on.design_prevalence % 1 ? 1 : 0) })],
    ["detection_law", say(`law_${on.detection_law}`)],
    ["looks_used", on.looks === null ? null : total ? say("assumed_looks", { looks, n: num(on.looks_with_assumed_rates), total: num(total) }) : say("no_looks")],
    ["spread_of_rates", spread || "–"],
    ["prior_by_ground", risk ? say("assumed_risk", { factors: risk, sd: num(on.risk_sd_log, 1) }) : say("even_risk")],
    ["random_draws", say("assumed_draws", { n: num(on.draws), seed: String(on.seed) })],
    ["walking_pace", say("assumed_pace", { width: `${num(walking.width_m)} ${say("metres")}`, speed: `${num(walking.speed_kmh, 1)} ${say("kmh")}`, hours: num(walking.hours, 1) })],
  ];
}

function showAssumed() {
  const rows = assumptions().filter(([, words]) => words !== null).flatMap(([key, words]) => [el("dt", {}, say(key)), el("dd", {}, words)]);
  document.getElementById("assumed").replaceChildren(
    el("details", { class: "assumed" }, el("summary", {}, say("what_is_assumed")), el("dl", {}, rows),
      el("p", {}, el("a", { href: "/rates" }, say("see_rates")))));
}

const KEPT = [
  { words: say("as_of_day") }, { words: say("p_clean"), number: true }, { words: say("interval_90"), number: true },
  { words: say("chance_of_finding"), number: true }, { words: say("smallest_patch"), number: true }, { words: say("recorded_by") },
];

async function showKept() {
  const { claims } = await ask("claims/kept", { campaign: asked.campaign });
  const { table, body } = listTable(KEPT, say("recorded_claims"));
  body.append(...claims.map((claim) => listRow(KEPT, [
    day(claim.as_of), percent(claim.posterior), `${percent(claim.posterior_low)} – ${percent(claim.posterior_high)}`,
    percent(claim.sensitivity), `${num(claim.smallest_patch_m2)} ${say("m2")}`,
    [el("span", {}, claim.made_by), el("span", { class: "sub" }, moment(claim.made_at))],
  ])));
  kept.replaceChildren(el("h2", {}, say("recorded_claims")),
    claims.length ? el("div", { class: "list" }, table) : el("p", { class: "hint" }, say("no_recorded_claims")), recordPart());
}

/** Return the way to record: two steps, since nothing takes it back. */
function recordPart() {
  if (!page.may_decide) return el("p", { class: "hint" }, say("may_not_change"));
  const told = el("p", { role: "status" });
  const sure = el("div", { class: "sure-step", hidden: true },
    el("p", {}, say("record_note")), el("button", { type: "button", class: "primary", id: "record-now", onclick: () => record(told) }, say("record_sure")));
  const first = el("button", { type: "button", id: "record", onclick: () => { sure.hidden = !sure.hidden; } }, say("record_claim", { day: day(shown.as_of) }));
  return el("div", { class: "no-print" }, first, sure, told);
}

async function record(told) {
  try {
    await tell("claims", { as_of: shown.as_of, target: shown.target, version: shown.version, campaign: shown.campaign.id });
    await showKept();
  } catch (error) {
    told.textContent = error.message;
    told.className = "problem";
  }
}

function showForm() {
  form.elements.target.value = shown.target;
  form.elements.as_of.value = shown.as_of;
  if (shown.days) [form.elements.as_of.min, form.elements.as_of.max] = [shown.days.first, shown.days.last];
  const choice = form.elements.campaign;
  choice.replaceChildren(...shown.campaigns.map(({ id, name }) => el("option", { value: id, selected: id === shown.campaign.id }, name)));
  const several = shown.campaigns.length > 1;
  document.getElementById("campaign-field").hidden = choice.disabled = !several;
}

async function load() {
  shown = await ask("claims", asked);
  showForm();
  showWhole();
  showParts();
  showAssumed();
  await showKept();
}

// The numbers of the question before are not those of the new one.
form.addEventListener("submit", () => { for (const node of [whole, list]) node.setAttribute("aria-busy", "true"); });
window.addEventListener("pageshow", ({ persisted }) => { if (persisted) for (const node of [whole, list]) node.setAttribute("aria-busy", "false"); });
sorter.replaceChildren(...COLUMNS.filter(({ by }) => by).map(({ key, words }) => el("option", { value: key, selected: key === sorting }, words)));
sorter.addEventListener("change", () => { sorting = sorter.value; showParts(); });
// On paper everything that the claim rests on is open.
window.addEventListener("beforeprint", () => { for (const part of document.querySelectorAll("details")) part.open = true; });
load().catch((error) => {
  message.textContent = error.message;
  message.hidden = false;
  for (const node of [whole, list]) {
    node.replaceChildren();
    node.setAttribute("aria-busy", "false");
  }
});
