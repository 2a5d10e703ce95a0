// What is said of an outing wherever it is told: who went, and whether it is a valid patrol.

import { el, num, say, sentence } from "./page.js";

/** Return how many people went on a patrol, named or counted. */
export function peopleOf(patrol) {
  const n = Math.max(patrol.headcount ?? 0, patrol.people.length);
  if (n === 1) return say("one_person");
  return n ? say("people_count", { n: num(n) }) : say("nobody_named");
}

/** Return whether a patrol is valid, else every reason why not. */
export function verdict(patrol) {
  if (patrol.valid === null) return el("span", { class: "hint" }, say("no_rule"));
  const open = patrol.doubts ? el("div", { class: "hint" }, say("doubts_open", { n: num(patrol.doubts) })) : null;
  if (patrol.valid) return el("div", {}, el("span", { class: "good" }, say("valid")), open);
  const reasons = patrol.reasons.map((reason) => el("li", {}, sentence({ message: reason.en, message_zh: reason.zh })));
  return el("div", {}, el("span", { class: "bad" }, say("not_valid")), el("ul", { class: "notes" }, reasons), open);
}
