// One site: where it is, when it must be visited, the checklist, and what proves its visits.

import { ask, clock, day, distance, duration, el, moment, num, page, say } from "./page.js";
import { listRow, listTable } from "./lists.js";
import { wireAnswer } from "./site_answer.js";
import { wireChange } from "./site_change.js";
import { SiteMap } from "./site_map.js";
import { dueWords, stateWords, unitName } from "./site_signs.js";

const head = document.getElementById("head");
const message = document.getElementById("message");
const map = new SiteMap(window.map_main);
const fact = (name, value) => [el("dt", {}, name), el("dd", {}, value)];
const VISITS = [
  { words: say("visit_day") }, { words: say("visit_track") }, { words: say("visit_arrived") },
  { words: say("visit_dwell"), number: true }, { words: say("visit_nearest"), number: true },
];

export function fail(words) {
  message.textContent = words;
  message.hidden = !words;
}

function headOf(site) {
  const days = site.ends ? say("from_to", { first: day(site.starts), last: day(site.ends) }) : say("from_day", { day: day(site.starts) });
  const risk = site.former ? say("risk_former") : say("risk_times", { n: num(site.risk, 1) });
  return el("dl", { class: "case-head" },
    fact(say("site_state"), stateWords(site)),
    fact(say("site_next"), dueWords(site)),
    fact(say("site_kind"), say(`site_kind_${site.kind}`)),
    fact(say("site_area"), site.areas.join(" › ") || "–"),
    fact(say("site_unit"), unitName(site.unit_code)),
    fact(say("site_interval"), say("days_n", { n: num(site.interval_days) })),
    fact(say("site_days"), days),
    site.case ? fact(say("site_case"), el("a", { href: `/cases/${site.case.id}` }, site.case.number)) : [],
    site.former || site.risk !== 1 ? fact(say("site_risk"), risk) : [],
    site.note ? fact(say("site_note"), site.note) : []);
}

function visitTable(site) {
  const rule = el("p", { class: "hint" }, say("visit_rule", { dwell: duration(site.dwell_s), radius: distance(site.radius_m) }), ". ", say("visit_drone"));
  if (!site.visits.length) return [rule, el("p", {}, say("no_visits"))];
  const { table, body } = listTable(VISITS, say("visit_track"));
  body.append(...site.visits.map((one) => listRow(VISITS, [
    el("span", { class: "whole" }, day(one.day)), one.track === null ? say("visit_other") : el("a", { href: `/tracks/${one.track}` }, one.track_name), clock(one.arrived),
    duration(one.dwell_s), distance(one.nearest_m),
  ])));
  const shown = el("p", { class: "hint" }, say("visits_shown", { n: num(site.visits.length), total: num(site.visit_total) }));
  return [rule, shown, el("div", { class: "list" }, table)];
}

function photoOf(site, file) {
  const address = `/api/v1/sites/${site.id}/photos/${file.sha256}`;
  const words = file.distance_m === null ? say("photo_no_place", file) : say("photo_far", { name: file.name, distance: distance(file.distance_m) });
  const heic = !/\.jpe?g$/i.test(file.name);
  const shown = heic ? say("photo_heic", file) : el("img", { src: address, alt: file.name, loading: "lazy", width: 120, height: 90 });
  return el("figure", {}, el("a", { href: address, target: "_blank", rel: "noopener" }, shown), el("figcaption", {}, words));
}

function answerOf(site, one) {
  const proof = el("span", { class: one.proved ? "good" : "unproved" }, say(one.proved ? "proved" : "unproved"));
  const found = one.suspicious ? el("p", {}, el("b", { class: "site-late" }, say("suspicious")), " · ",
    one.case ? el("a", { href: `/cases/${one.case.id}` }, say("opened_case_of", { number: one.case.number })) : "") : null;
  return el("li", { class: one.suspicious ? "suspicious" : null, "data-answer": one.id },
    el("b", {}, day(one.day)), " · ", one.by, " · ", proof, el("span", { class: "sub" }, ` ${moment(one.at)}`),
    found, one.note ? el("p", {}, one.note) : null,
    one.asked ? el("p", { class: "sub" }, say("answered_of", { n: num(one.items.length), total: num(one.asked) })) : null,
    one.items.length ? el("dl", {}, one.items.flatMap(([question, answer]) => fact(question, answer))) : null,
    one.files.length ? el("div", { class: "photo-row" }, one.files.map((file) => photoOf(site, file))) : null);
}

/** Show a site as the server told it. */
export function show(site) {
  head.replaceChildren(headOf(site));
  head.setAttribute("aria-busy", "false");
  document.getElementById("visits").replaceChildren(...visitTable(site));
  document.getElementById("answers").replaceChildren(site.answers.length
    ? el("ul", { class: "answer-list" }, site.answers.map((one) => answerOf(site, one))) : el("p", {}, say("no_answers")));
  map.show(site);
}

async function load() {
  const site = await ask(`sites/${page.site}`);
  show(site);
  wireAnswer(site, show, fail);
  wireChange(site, show, fail);
}

load().catch((error) => {
  fail(error.message);
  head.replaceChildren();
  head.setAttribute("aria-busy", "false");
});
