// What the panel tells of one cell: its state, what its search was worth, its season, its risk, and
// who was there.

import { day, distance, el, landArea, moment, num, percent, say } from "./page.js";
import { sourceWords } from "./sources.js";

const STAGES = ["stage_seedling", "stage_rosette", "stage_bud", "stage_flower", "stage_capsule", "stage_gone"];
const list = (entries) =>
  el("dl", {}, entries.filter(Boolean).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));

/** Return the elements that tell of a cell. `on` is {area, track}. */
export function cellCard(cell, on) {
  if (!cell) return [el("p", { class: "hint" }, say("cell_outside"))];
  return [
    el("h1", {}, say("cell", { id: cell.cell_id })),
    el("p", {}, el("span", { class: "state" }, say(cell.state)), " ", el("span", { class: "hint" }, say("as_of", { day: day(cell.as_of) }))),
    cell.faded_from ? el("p", { class: "lead" }, say("faded_from", { state: say(cell.faded_from) })) : null,
    list([...searchEntries(cell), stageEntry(cell), riskEntry(cell), areasEntry(cell, on)]),
    ...riskPart(cell),
    el("h2", {}, say("who")),
    cell.visits.length
      ? el("ul", { class: "visits" }, cell.visits.map((visit) => visitItem(visit, on)))
      : el("p", { class: "hint" }, say("nobody")),
  ].filter(Boolean);
}

function searchEntries(cell) {
  const length = distance(cell.length_m);
  return [
    [say("seen_share"), say("of_cell", { share: percent(cell.seen_fraction), area: landArea(cell.area_m2) })],
    [say("effort"), say("effort_note", { share: num(cell.pod, 2), length })],
    [say("chance_found"), say("chance_note", { share: num(cell.sensitivity, 2) })],
    [say("passes"), num(cell.passes)],
    [say("last_seen"), cell.last_seen ? moment(cell.last_seen) : cell.passes ? say("unknown") : say("never")],
  ];
}

/** Return today's stage, and on which days the stages begin here. */
function stageEntry(cell) {
  const year = Number(cell.as_of.slice(0, 4));
  // The first of January is day 1; a day before it lies in the year before.
  const dates = cell.stages.map((number) => new Date(Date.UTC(year, 0, number)).toISOString().slice(0, 10));
  const calendar = dates.map((date, k) => say("stage_from", { stage: say(STAGES[k]), day: day(date) }));
  return [say("stage_today"), [
    say("stage_on", { stage: say(`stage_${cell.stage}`), day: day(cell.as_of) }),
    el("details", {}, el("summary", {}, say("calendar")), el("ul", { class: "plain" }, calendar.map((line) => el("li", {}, line))),
      el("p", { class: "hint" }, say("stage_note"))),
  ]];
}

const riskEntry = (cell) => [say("prior_risk"), say("risk_note", { risk: num(cell.risk, 2) })];

const areasEntry = (cell, on) => [say("areas"), el("span", {}, cell.areas.map((area) =>
  el("button", { type: "button", class: "link", onclick: () => on.area(area.code) }, area.name)).flatMap((b, k) => (k ? [" › ", b] : [b])))];

function riskPart(cell) {
  const head = el("h2", {}, say("risk_why"));
  if (!cell.risk_reasons.length) return [head, el("p", { class: "hint" }, say("risk_plain"))];
  return [head, el("ul", { class: "risk-reasons" }, cell.risk_reasons.map((reason) =>
    el("li", {}, el("b", {}, `×${num(reason.multiplier, 2)}`), el("span", {}, reasonWords(reason),
      el("span", { class: "how" }, reasonBasis(reason))))))];
}

/** Return where the figure of a reason comes from; what a person set has that person's note. */
function reasonBasis({ factor, source, note }) {
  if (factor === null) return note;
  return source.startsWith("assumed") ? say("visit_assumed") : sourceWords(source);
}

function reasonWords({ factor, value, source }) {
  if (factor === null) return say("factor_edit", { who: source, share: percent(value) });
  if (value === null) return say(`factor_${factor}`, { distance: "–", share: "–", degrees: "–" });
  return say(`factor_${factor}`, { distance: distance(value), share: percent(value), degrees: num(value) });
}

function visitItem(visit, on) {
  // A look by others than one's own has no name here, only whose it was.
  const name = visit.kind === "track" && visit.id !== null
    ? el("button", { type: "button", class: "link", onclick: () => on.track(visit.id) }, visit.name)
    : visit.name ?? "–";
  const how = [visit.unit, visit.team, say(`method_${visit.mode}`), day(visit.day)].filter(Boolean).join(" · ");
  const width = visit.width_m === null ? null : say("visit_width", { width: num(visit.width_m, 1) });
  const rate = visit.rate === null ? null : say("visit_rate", { rate: num(visit.rate, 2) });
  const basis = visit.basis === "assumed" ? say("visit_assumed") : visit.basis && sourceWords(visit.basis);
  const stage = visit.stage ? say("at_stage", { stage: say(`stage_${visit.stage}`) }) : null;
  const worth = [stage, width, rate, basis].filter(Boolean).join(" · ");
  return el("li", { class: visit.expired ? "expired" : null }, name, el("div", { class: "how" }, how),
    worth ? el("div", { class: "how" }, worth) : null,
    visit.coarse ? el("div", { class: "faded" }, say("visit_coarse", { patch: num(visit.patch_m2) })) : null,
    visit.expired ? el("div", { class: "faded" }, say("visit_expired")) : null);
}
