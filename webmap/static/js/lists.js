// Tables that turn into cards on a phone: every cell carries the name of its column.

import { el, num, say } from "./page.js";

// As the rule of .folded in tracks.css.
const FOLDED = 20;

/**
 * Return an empty table and its body.
 * @param columns [{words, number, sort, pick, hold, sorted}] in their order; sort is the address that sorts by it, pick does
 * it on this page, with a button that is found again by its name hold; sorted ascending or descending
 */
export function listTable(columns, caption) {
  const body = el("tbody", { role: "rowgroup" });
  const heads = columns.map(({ words, number, sort, pick, hold, sorted }) =>
    el("th", { scope: "col", role: "columnheader", class: number ? "num" : null, "aria-sort": sorted ?? null },
      sort ? el("a", { href: sort }, words) : pick ? el("button", { type: "button", "data-hold": hold, onclick: pick }, words) : words));
  const table = el("table", { role: "table" },
    el("caption", { class: "visually-hidden" }, caption),
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, heads)), body);
  return { table, body };
}

/** Return a row of such a table. */
export const listRow = (columns, cells, attributes = {}) =>
  el("tr", { role: "row", ...attributes }, cells.map((cell, k) =>
    el("td", { role: "cell", "data-name": columns[k].words, class: columns[k].number ? "num" : null }, cell)));

/** Fold a long table on phones to its first rows; wide screens and paper show all of it. */
export function fold(table) {
  const rest = table.tBodies[0].rows.length - FOLDED;
  if (rest <= 0) return table;
  const unfold = () => {
    const next = table.tBodies[0].rows[FOLDED];
    table.classList.remove("folded");
    table.tFoot.remove();
    next.tabIndex = -1;
    next.focus();
  };
  table.classList.add("folded");
  table.append(el("tfoot", { role: "rowgroup" }, el("tr", { role: "row" },
    el("td", { role: "cell", colspan: table.tHead.rows[0].cells.length },
      el("button", { type: "button", onclick: unfold }, say("fold_rest", { n: num(rest) }))))));
  return table;
}

/** Let the arrow keys go from row to row. */
export function arrowKeys(node) {
  node.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const links = [...node.querySelectorAll("[data-main-link]")];
    const at = links.indexOf(document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    links[Math.min(Math.max(at + step, 0), links.length - 1)].focus();
  });
}
