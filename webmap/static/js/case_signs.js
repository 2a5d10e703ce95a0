// How a case is shown wherever it appears: its sign, its state in words, its deadline, its count.

import { day, el, moment, num, page, plotArea, say, svg } from "./page.js";

const units = new Map(page.units ?? []);
const DIAMOND = "M12 3l9 9-9 9-9-9z";
const SIGNS = {
  suspected: [["path", { d: DIAMOND, class: "state-sign" }]],
  triaged: [["path", { d: DIAMOND, class: "state-sign" }], ["circle", { cx: 12, cy: 12, r: 2, class: "state-sign solid" }]],
  assigned: [["path", { d: DIAMOND, class: "state-sign" }], ["path", { d: "M12 3l9 9-9 9z", class: "state-sign half" }]],
  no_access: [["path", { d: DIAMOND, class: "state-sign" }], ["path", { d: "M7 12h10", class: "state-sign" }]],
  confirmed: [["path", { d: "M12 6l6 6-6 6-6-6z", class: "state-sign solid" }], ["circle", { cx: 12, cy: 12, r: 10, class: "state-sign" }]],
  eradicated: [["path", { d: "M4 13l5 5L20 6", class: "state-sign" }]],
  rechecked: [["path", { d: "M2 13l5 5L16 6M10 17l2 1L22 6", class: "state-sign" }]],
  licensed: [["path", { d: "M8 4v16h9", class: "state-sign grey" }]],
};
const CROSS = [["path", { d: "M7 7l10 10M17 7L7 17", class: "state-sign grey" }]];

/** Return the sign of a state, with a clock notch where it is overdue. */
export function stateSign(state, overdue = false) {
  const parts = SIGNS[state] ?? CROSS;
  const notch = overdue ? [["circle", { cx: 19, cy: 5, r: 4, class: "state-sign late" }], ["path", { d: "M19 3v2h1.500", class: "state-sign late" }]] : [];
  return svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, ...[...parts, ...notch].map(([tag, attributes]) => svg(tag, attributes)));
}

/** Return a state in words beside its sign. */
export const stateWords = (one) => el("span", { class: "case-state", "data-state": one.state }, stateSign(one.state, one.overdue), say(`state_${one.state}`));

/** Return when the next step is due. */
export function dueWords(one) {
  if (!one.deadline) return el("span", { class: "sub" }, say("no_deadline"));
  const by = el("span", { class: "whole" }, say("due_on", { day: day(one.deadline) }));
  return one.overdue ? [by, el("span", { class: "sub late-words" }, say("overdue_by", { n: one.overdue_days }))] : by;
}

export const unitName = (code) => (code ? units.get(code) ?? code : say("nobody_yet"));

/** Return a count of plants with its interval. */
export function plantWords(count) {
  if (!count) return say("not_counted");
  const whole = (value) => num(Math.round(value));
  if (count.low === count.high) return say("plants_counted", { n: whole(count.plants) });
  return say("plants_between", { n: whole(count.plants), low: whole(count.low), high: whole(count.high) });
}

export const areaWords = (m2) => (m2 ? plotArea(m2) : null);
export const sinceWords = (one) => say("since", { when: moment(one.state_since) });
