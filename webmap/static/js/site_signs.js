// How a site is shown wherever it appears: its square, its state, when its next visit is due.

import { day, el, num, page, say, svg } from "./page.js";

const units = new Map(page.units ?? []);
const SHAPES = { never: "overdue", overdue: "overdue", due_soon: "due", fine: "fine" };
const SIDE_PX = { overdue: 16, due: 16, fine: 9, other: 9 };

/** Return the square of a state: solid when overdue, hollow when due, small when fine. */
export function siteSquare(state) {
  const shape = SHAPES[state] ?? "other";
  const side = SIDE_PX[shape];
  const corner = (20 - side) / 2;
  return svg("svg", { viewBox: "0 0 20 20", class: `site-square ${shape}`, "aria-hidden": "true" },
    svg("rect", { x: corner, y: corner, width: side, height: side }));
}

/** Return a state in words beside its square. */
export const stateWords = (site) => el("span", { class: `site-state${SHAPES[site.state] === "overdue" ? " site-late" : ""}`, "data-state": site.state },
  siteSquare(site.state), say(`site_state_${site.state}`));

/** Return by when the next visit must come, and how far that is. */
export function dueWords(site) {
  if (!site.due) return "–";
  const { days } = site;
  const far = days < 0 ? say("days_late", { n: num(-days) }) : days === 0 ? say("due_today") : say("days_left", { n: num(days) });
  return [el("span", { class: "whole" }, day(site.due)), el("span", { class: `sub${days < 0 ? " site-late" : ""}` }, far)];
}

/** Return the last visit with the track that proves it. */
export function visitWords(site) {
  const last = site.last_visit;
  const told = last ? el("a", { href: `/tracks/${last.track}`, class: "whole" }, day(last.day)) : el("span", { class: "sub" }, say("no_visit_yet"));
  const waits = site.unproved ? el("span", { class: "sub unproved" }, say("answered_unproved", { day: day(site.last_answer) })) : null;
  return [told, waits];
}

export const unitName = (code) => (code ? units.get(code) ?? code : say("no_unit_yet"));
