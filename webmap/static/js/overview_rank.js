// The ranking of the areas below: every share with what it is a share of, sortable by each column.

import { el, landArea, num, percent, say } from "./page.js";
import { listRow, listTable } from "./lists.js";
import { sparkline } from "./overview_figures.js";

const m2 = (row) => row.coverage?.area_m2 ?? 0;
const COLUMNS = [
  { key: "area", by: (row) => row.name },
  { key: "unseen", number: true, by: (row) => row.unseen_share ?? -1, down: true },
  { key: "cleared", number: true, by: (row) => row.cleared_share ?? 2 },
  { key: "clean", number: true, by: (row) => row.clean?.value ?? 2 },
  { key: "cases", number: true, by: (row) => row.overdue * 1e6 + row.open, down: true },
  { key: "standing", number: true, by: (row) => row.standing, down: true },
  { key: "sites", number: true, by: (row) => row.sites_late * 1e6 + row.sites, down: true },
  { key: "curve", by: (row) => (row.curve?.at(-1) ?? 0) - (row.curve?.[0] ?? 0) },
].map((column) => ({ ...column, words: say(`rank_${column.key}`) }));

let sorting = "unseen";

function cells(row, open) {
  const name = el("button", { type: "button", class: "link", "data-main-link": true, onclick: () => open(row.code) }, row.name);
  const { clean } = row;
  return [
    name,
    [percent(row.unseen_share), el("span", { class: "sub" }, say("fig_of_ground", { total: landArea(m2(row)) }))],
    percent(row.cleared_share),
    clean ? [percent(clean.value), el("span", { class: "sub" }, `${percent(clean.low)} – ${percent(clean.high)}`)] : "–",
    `${num(row.overdue)} / ${num(row.open)}`,
    num(row.standing),
    `${num(row.sites_late)} / ${num(row.sites)}`,
    sparkline(row.curve ?? [], `${row.name}: ${percent(row.curve?.[0] ?? null)} → ${percent(row.curve?.at(-1) ?? null)}`),
  ];
}

/** Show the ranking. @param open what to do with the code of an area that was chosen */
export function showRanking(node, rows, open) {
  if (!rows.length) {
    node.replaceChildren(el("p", { class: "hint" }, say("rank_empty")));
    return;
  }
  const column = COLUMNS.find(({ key }) => key === sorting);
  const way = column.down ? -1 : 1;
  const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b) : a - b);
  const sorted = [...rows].sort((a, b) => way * compare(column.by(a), column.by(b)));
  const { table, body } = listTable(COLUMNS, say("rank_caption"));
  for (const [k, head] of [...table.querySelectorAll("th")].entries()) {
    const { key, words, down } = COLUMNS[k];
    if (key === sorting) head.setAttribute("aria-sort", down ? "descending" : "ascending");
    head.replaceChildren(el("button", {
      type: "button", class: "link", "aria-label": say("rank_sort", { column: words }),
      onclick: () => { sorting = key; showRanking(node, rows, open); node.querySelectorAll("th button")[k].focus(); },
    }, words));
  }
  body.append(...sorted.map((row) => listRow(COLUMNS, cells(row, open), { "data-code": row.code })));
  node.replaceChildren(table);
}
