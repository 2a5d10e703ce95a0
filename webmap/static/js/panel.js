// The side panel's overview of one area: what is unseen, by part, and where the gaps are.

import { day, el, km2, landArea, num, page, percent, say } from "./page.js";
import { placeWords } from "./signs.js";

const FIRST_GAPS = 10;
const STATES = ["touched", "covered", "cleared"];

/** Return the elements of an overview. `on` is {area, gap, lacking, gapFile, list}. */
export function overviewCard(overview, on) {
  const { area } = overview;
  if (!area) return [el("h1", {}, say("areas")), el("p", { class: "hint" }, say("no_areas"))];
  const parts = [
    el("h1", {}, area.name),
    el("p", { class: "sub" }, [say(`level_${area.level}`), area.unit].filter(Boolean).join(" · ")),
  ];
  const others = overview.tops.filter(({ code }) => code !== overview.way[0]?.code);
  if (overview.way.length <= 1 && others.length) parts.push(topsPart(others, on));
  if (!overview.campaign) parts.push(el("p", { class: "hint" }, say("no_campaign")));
  else if (!overview.coverage) parts.push(el("p", { class: "hint" }, say("outside_campaign")));
  else parts.push(...coveragePart(overview.coverage, overview.narrowed));
  parts.push(countsPart(overview.counts));
  if (overview.campaign && overview.counts.tracks === 0) parts.push(el("p", { class: "hint" }, say("no_tracks")));
  if (overview.counts.surveys === 0) parts.push(el("p", { class: "hint" }, say("no_surveys")));
  if (overview.children.length) parts.push(el("h2", {}, say("in_parts")), partsTable(overview, on));
  if (overview.coverage) parts.push(...gapsPart(overview, on));
  parts.push(el("p", { class: "note" }, say("claim", { pod: num(page.survey_pod, 2) })));
  return parts;
}

/** Somebody's ground may be several areas that lie in none of theirs. */
function topsPart(others, on) {
  return el("p", { class: "tops" }, say("other_areas"), " ", others.flatMap(({ code, name }) =>
    [el("button", { type: "button", class: "link", onclick: () => on.area(code) }, name), " "]));
}

/** Return the line that says how fresh the data is. */
export const freshness = (overview) =>
  overview.data_until ? say("data_until", { day: day(overview.data_until) }) : say("no_data");

/** Return the elements that tell of a sum of coverage; `narrowed` where a filter leaves looks out. */
export function coveragePart(sum, narrowed) {
  const unseen = sum.area_m2 - sum.seen_m2;
  const total = `${km2(sum.area_m2)} ${say("km2")}`;
  const meters = STATES.map((state) => {
    const share = sum.area_m2 > 0 ? sum[`${state}_m2`] / sum.area_m2 : 0;
    const bar = el("div", { class: state });
    bar.style.width = `${share * 100}%`;
    const figures = [
      say("cells_of", { n: num(sum[state]), total: num(sum.cells) }),
      `${km2(sum[`${state}_m2`])} ${say("km2")}`,
      percent(share),
    ].join(" · ");
    return el("li", {},
      el("div", { class: "row" }, el("b", {}, say(state)), el("span", {}, figures)),
      el("div", { class: "meter", "aria-hidden": "true" }, bar));
  });
  return [
    el("div", { class: "headline" },
      el("div", { class: "label" }, say("nobody_saw")),
      narrowed ? el("div", { class: "hint" }, say("chosen_only")) : null,
      el("div", { class: "big", id: "unseen" }, `${km2(unseen)} ${say("km2")}`),
      el("div", {}, landArea(unseen)),
      el("div", {}, say("of_total", { share: percent(sum.area_m2 > 0 ? unseen / sum.area_m2 : null), total })),
      el("div", { class: "hint" }, say("whole_gaps", { area: `${km2(sum.unseen_m2)} ${say("km2")}`, n: num(sum.unseen) }))),
    el("ul", { class: "states" }, meters),
    el("p", { class: "note" }, say("nested", { covered: percent(page.covered_share), cleared: num(page.cleared_pod, 2) })),
  ];
}

/** Return the elements that tell of a drawn area. `on` is {again, remove}. */
export function drawnCard({ coverage, narrowed, drawn_m2: drawnM2, as_of: shownDay }, on) {
  // Sums are of the grid's plane, the polygon of the ellipsoid: they differ by some ten thousandths.
  const size = { area: `${km2(drawnM2)} ${say("km2")}`, inside: `${km2(Math.min(coverage.area_m2, drawnM2))} ${say("km2")}` };
  return [
    el("h1", {}, say("drawn")),
    el("p", { class: "sub" }, `${landArea(drawnM2)} · ${say("as_of", { day: day(shownDay) })}`),
    el("p", {}, say("drawn_size", size)),
    ...(coverage.area_m2 > 0 ? coveragePart(coverage, narrowed) : [el("p", { class: "hint" }, say("drawn_empty"))]),
    el("p", { class: "acts" },
      el("button", { type: "button", onclick: on.again }, say("drawn_again")), " ",
      el("button", { type: "button", class: "quiet", onclick: on.remove }, say("drawn_remove"))),
    el("p", { class: "note" }, say("claim", { pod: num(page.survey_pod, 2) })),
  ];
}

function countsPart(counts) {
  return el("ul", { class: "facts" }, ["tracks", "surveys", "patches"].map((name) =>
    el("li", {}, el("b", {}, num(counts[name])), el("span", {}, say(name)))));
}

const COLUMNS = [
  { key: "name", words: "name", of: (row) => row.name, show: null },
  { key: "unseen", words: "unseen_ground", of: (row) => share(row, (s) => s.area_m2 - s.seen_m2), show: percent },
  { key: "km2", words: "of_ground", of: (row) => row.coverage?.area_m2 ?? -1, show: km2 },
  { key: "cleared", words: "cleared_share", of: (row) => share(row, (s) => s.cleared_m2), show: percent },
];
const share = ({ coverage }, part) => (coverage && coverage.area_m2 > 0 ? part(coverage) / coverage.area_m2 : -1);

function partsTable(overview, on) {
  const body = el("tbody");
  const heads = COLUMNS.map((column) =>
    el("th", { scope: "col", class: column.show ? "num" : null },
      el("button", { type: "button", onclick: () => sortBy(column) }, say(column.words))));
  let order = { column: COLUMNS[1], down: true };
  const draw = () => {
    const sign = order.down ? -1 : 1;
    const rows = overview.children.toSorted((a, b) => sign * compare(order.column.of(a), order.column.of(b)));
    body.replaceChildren(...rows.map((row) => partRow(row, on)));
    if (overview.rest) body.append(figuresRow(say("rest"), overview.rest, "rest"));
    heads.forEach((head, k) => {
      if (COLUMNS[k] === order.column) head.setAttribute("aria-sort", order.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
  };
  const sortBy = (column) => {
    order = { column, down: order.column === column ? !order.down : column !== COLUMNS[0] };
    draw();
  };
  draw();
  return el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": say("in_parts") },
    el("table", {}, el("thead", {}, el("tr", {}, heads)), body,
      overview.coverage ? el("tfoot", {}, figuresRow(say("sum"), overview.coverage, "")) : null));
}

const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b, "zh-CN") : a - b);

function partRow(row, on) {
  const name = el("button", { class: "link", type: "button", onclick: () => on.area(row.code) }, row.name);
  const unit = row.unit ? el("span", { class: "unit" }, row.unit) : null;
  return el("tr", { "data-code": row.code }, el("td", {}, name, unit), figures(row));
}

const figuresRow = (words, coverage, className) =>
  el("tr", { class: className || null }, el("td", {}, words), figures({ coverage }));

const figures = (row) =>
  COLUMNS.slice(1).map((column) =>
    el("td", { class: "num" }, row.coverage ? column.show(column.of(row)) : "–"));

const FILES = [["gpx", "GPX"], ["kml", "KML"], ["gpkg", "GeoPackage"], ["csv", "CSV"]];
const LACKING = { unseen: "lacking_unseen", uncleared: "lacking_uncleared" };
const ACCESS = { road: "access_road", searched: "access_searched", inside: "access_inside" };

function gapItem(gap, on) {
  const unit = gap.unit ? ` ${gap.unit}` : "";
  return el("li", {}, el("button", { type: "button", onclick: () => on.gap(gap) },
    el("span", { class: "rank" }, String(gap.rank)),
    el("span", { class: "what" }, gap.area_name, el("span", { class: "unit hint" }, unit),
      el("span", { class: "hint access" }, say(ACCESS[gap.access.from], { place: placeWords(gap.access.point) }))),
    el("span", { class: "size" }, landArea(gap.area_m2), el("span", { class: "hint times" }, say("risk_times", { risk: num(gap.risk, 1) })))));
}

function gapsPart(overview, on) {
  const head = el("h2", {}, say("gaps"));
  const choice = el("div", { class: "choice", role: "group", "aria-label": say("lacking_choice") }, Object.entries(LACKING).map(([lacking, words]) =>
    el("button", { type: "button", "aria-pressed": String(lacking === overview.lacking), onclick: () => on.lacking(lacking) }, say(words))));
  if (!overview.gaps.length) return [head, choice, el("p", { class: "hint" }, say(overview.lacking === "unseen" ? "no_gaps" : "no_uncleared"))];
  const items = overview.gaps.map(({ properties: gap }) => gapItem(gap, on));
  const list = el("ol", { class: "gap-list" }, items.slice(0, FIRST_GAPS));
  const more = el("button", { type: "button", class: "quiet", onclick: () => { list.append(...items.slice(FIRST_GAPS)); more.remove(); } }, say("more"));
  const counts = { n: num(overview.gaps.length), total: num(overview.gaps_total) };
  return [
    head, choice,
    el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": say("gaps") }, list, items.length > FIRST_GAPS ? more : null),
    el("p", { class: "hint" }, say("gaps_shown", counts), " ",
      el("button", { type: "button", class: "link", onclick: () => on.list("gaps") }, say("gaps_listed"))),
    el("p", { class: "downloads" }, say("gaps_keep"), " ", FILES.flatMap(([kind, name]) =>
      [el("a", { class: "button", href: on.gapFile(kind), download: "" }, name), " "])),
  ];
}
