// The open cases of an area, newest first: the last step of the way down, to a case and its place.

import { addressOf, el, num, say } from "./page.js";
import { dueWords, stateWords } from "./case_signs.js";
import { listRow, listTable } from "./lists.js";

const COLUMNS = ["place_case", "place_state", "place_due", "place_map"].map((key) => ({ words: say(key) }));

function row(one) {
  const [lon, lat] = one.place;
  return listRow(COLUMNS, [
    [el("a", { href: `/cases/${one.id}`, "data-main-link": true, class: "whole" }, one.number), el("span", { class: "sub" }, one.title)],
    stateWords(one), dueWords(one),
    el("a", { href: `/map#view=${lat},${lon},18`, "aria-label": say("place_map_of", { number: one.number }) }, say("place_on_map")),
  ], { "data-case": one.id });
}

/** Show the open cases of an area, and where all of them are. */
export function showPlaces(node, told, area) {
  const { open } = told.counts;
  const { table, body } = listTable(COLUMNS, say("place_head"));
  body.append(...told.cases.map(row));
  node.replaceChildren(
    el("h2", {}, say("place_head")),
    told.cases.length ? el("div", { class: "list" }, table) : el("p", { class: "hint" }, say("place_none")),
    open > told.cases.length ? el("p", {}, el("a", { href: addressOf("/cases", { area }) }, say("place_all", { n: num(open) }))) : "");
}
