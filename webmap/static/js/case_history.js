// What is known of a case and what was done to it, step by step.

import { day, distance, el, moment, num, plotArea, say, sentence } from "./page.js";
import { plantWords, unitName } from "./case_signs.js";

const STEPS = ["verified", "eradicated", "rechecked", "dismissed", "closed"];
const FLAGS = ["sprouted", "repeated", "resisted", "self_removed"];
const LINKS = { patch: null, case: "/cases/", site: "/sites/", track: "/tracks/", survey: "/map#survey=" };

const row = (words, value) => (value === null || value === undefined || value === "" ? [] : [el("dt", {}, words), el("dd", {}, value)]);

/** Return how a count was come by. */
function countBasis(count) {
  if (count.low === count.high) return null;
  const how = sentence({ message: count.why, message_zh: count.why_zh });
  return el("span", { class: "sub" }, say("count_by", {
    how, level: `${num(count.level * 100)} %`, low: num(Math.round(count.low)), high: num(Math.round(count.high)) }));
}

function factPart(step, facts) {
  const { count } = facts;
  return el("div", { class: "facts-of", "data-step": step }, el("h2", {}, say(`step_${step}`)), el("dl", {},
    ...row(say("f_outcome"), facts.outcome ? say(`outcome_${facts.outcome}`) : null),
    ...row(say("f_reason"), facts.reason ? say(`reason_${facts.reason}`) : null),
    ...row(say("f_day"), facts.day ? day(facts.day) : null),
    ...row(say("f_method"), facts.method ? say(`method_${facts.method}`) : null),
    ...row(say("f_count"), count ? [plantWords(count), countBasis(count)].filter(Boolean) : null),
    ...row(say("f_area_m2"), facts.area_m2 ? [plotArea(facts.area_m2), facts.area_how ? el("span", { class: "sub" }, say(`how_${facts.area_how}`)) : null].filter(Boolean) : null),
    ...row(say("f_stage"), facts.stage ? say(`stage_${facts.stage}`) : null),
    ...FLAGS.flatMap((name) => row(say(`f_${name}`), facts[name] === undefined ? null : say(facts[name] ? "f_yes" : "f_no"))),
    ...row(say("f_witness"), facts.witness),
    ...row(say("f_note"), facts.note)));
}

/** Return what is known of a case by step, with the thresholds that it reaches. */
export function factsPart(told) {
  const known = STEPS.filter((step) => told.facts[step]);
  return [
    ...(known.length ? known.map((step) => factPart(step, told.facts[step])) : [el("p", { class: "hint" }, say("no_facts"))]),
    told.law ? lawPart(told.law) : null,
  ].filter(Boolean);
}

function lawPart(law) {
  const words = (one) => sentence({ message: one.en, message_zh: one.zh });
  const source = (one) => `${say("law_source", { source: one.source })}${one.verified ? "" : ` (${say("law_unverified")})`}`;
  const large = law.large_scale.rules.filter((rule) => ["yes", "maybe"].includes(rule.verdict));
  return el("div", { class: "law" }, el("h2", {}, say("law_title")),
    law.reached.length ? el("ul", {}, law.reached.map((one) => el("li", {}, words(one), ` · ${say(`reach_${one.reach}`)}`,
      el("span", { class: "sub", "data-record": true }, ` ${source(one)}`)))) : el("p", {}, say("law_none")),
    ...law.crosses.map((one) => el("p", { class: "late-words" }, words(one))),
    ...large.map((rule) => el("p", {}, `${say(`large_${rule.verdict}`)}: ${words(rule)}`, el("span", { class: "sub", "data-record": true }, ` ${source(rule)}`))),
    ...law.unanswered.map((one) => el("p", { class: "sub" }, words(one))),
    el("p", { class: "note" }, words(law.statement)));
}

/** Return what a case rests on. */
export function linksPart(told) {
  if (!told.links.length) return el("p", { class: "hint" }, say("rests_on_nothing"));
  return el("ul", { class: "link-list" }, told.links.map((one) => {
    const address = one.kind === "survey" ? `${LINKS.survey}${one.source}` : LINKS[one.kind] && one.source ? `${LINKS[one.kind]}${one.source}` : one.kind === "patch" && one.survey ? `${LINKS.survey}${one.survey}` : null;
    const name = `${say(`link_${one.kind}`)} ${one.label}`;
    return el("li", {}, address ? el("a", { href: address }, name) : name,
      el("span", { class: "sub" }, ` ${moment(one.at)} · ${one.by}${one.details.distance_m ? ` · ${distance(one.details.distance_m)}` : ""}`));
  }));
}

function saidWords(event) {
  const { details } = event;
  const parts = [
    details.outcome ? say(`outcome_${details.outcome}`) : null,
    details.reason ? say(`reason_${details.reason}`) : null,
    details.unit ? say("to_unit", { unit: unitName(details.unit) }) : null,
    details.deadline && ["assign", "extend"].includes(event.action) ? say("new_deadline", { day: day(details.deadline) }) : null,
    details.into_number ? say("went_into", { number: details.into_number }) : null,
    details.number && details.absorbed ? say("took_over", { numbers: details.number }) : null,
    details.split_number ? say("split_from", { number: details.split_number }) : null,
    details.facts?.survey ? say("by_survey", { n: details.facts.survey }) : null,
    details.facts?.count ? plantWords(details.facts.count) : null,
    details.facts?.area_m2 ? plotArea(details.facts.area_m2) : null,
  ];
  return parts.filter(Boolean).join(" · ");
}

/** Return one step of the history. */
export function eventItem(event) {
  const said = saidWords(event);
  const title = event.action === "undo" ? `${say(`did_${event.action}`)}: ${say(`did_${event.details.what}`)}` : say(`did_${event.action}`);
  return el("li", { class: event.undone ? "gone" : null, "data-action": event.action },
    el("b", {}, title), event.undone ? ` (${say("undone")})` : null, said ? ` · ${said}` : null,
    event.details.note ? el("p", {}, event.details.note) : null,
    ...event.doubts.map((doubt) => el("p", { class: "late-words" }, sentence(doubt))),
    el("span", { class: "sub" }, [
      moment(event.at), say("by_whom", { who: event.actor, role: say(`role_${event.role}`) }),
      event.happened ? say("device_time", { when: moment(event.happened) }) : null,
      say("receipt_is", { receipt: event.receipt }),
    ].filter(Boolean).join(" · ")));
}
