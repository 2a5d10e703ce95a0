// The table of each layer: its columns, where a page of its rows comes from, and what a row says.

import { caseSign, patchSign, photoSign, siteSign, trackKey, unitColour } from "./signs.js";
import { ask, day, el, landArea, num, page, percent, plotArea, say } from "./page.js";
import * as place from "./place.js";

export const LISTED = ["patches", "cases", "tracks", "surveys", "photos", "sites", "gaps", "zones", "areas"];
const states = (kind, state) => new Map(page.states[kind]).get(state) ?? state;
const signed = (sign, words) => [el("span", { class: "row-sign", "aria-hidden": "true" }, sign), words];
const touches = (box, [west, south, east, north]) => west <= box.east && east >= box.west && south <= box.north && north >= box.south;
const orDash = (value, show) => (value === null || value === undefined ? "–" : show(value));
// A column that the server sorts by says by which of its names.
const number = (words, sort = null) => ({ words: say(words), number: true, sort });
const text = (words, sort = null) => ({ words: say(words), number: false, sort });
const NOTHING = { rows: [], total: 0, next: null };

/** Ask for a page of what the map's tiles draw: the same question, answered by the same server. */
const shapes = (kind) => async ({ box, layers, cursor, limit, sort }, signal) => {
  const wanted = await layers.shapes.asked(kind);
  return wanted ? ask(`shapes/${kind}`, { ...wanted, bbox: box.text, cursor, limit, sort }, signal) : NOTHING;
};

/** Return a page of rows that are all here. */
function some(rows, { cursor, limit }) {
  const begin = cursor ?? 0;
  const end = begin + limit;
  return { rows: rows.slice(begin, end), total: rows.length, next: end < rows.length ? end : null };
}

export const TABLES = {
  patches: {
    columns: () => [text("state", "state"), number("rank", "rank"), number("score", "-score"), number("area", "-m2")],
    rows: shapes("patches"),
    id: ({ id }) => id,
    cells: (one) => [signed(patchSign(one.state), states("patches", one.state)), orDash(one.rank, num), num(one.score, 2), plotArea(one.area_m2)],
  },
  cases: {
    columns: () => [text("state", "state"), text("name"), text("number", "number"), text("day", "-day"), number("area")],
    rows: shapes("cases"),
    id: ({ id }) => id,
    cells: (one) => [signed(caseSign(one.state, one.overdue), [states("cases", one.state), one.overdue ? say("overdue") : null].filter(Boolean).join(" · ")), one.title, one.number, orDash(one.day, day), orDash(one.area_m2, plotArea)],
  },
  tracks: {
    columns: () => [text("name", "name"), text("filter_units", "unit"), text("filter_teams", "team"), text("way", "mode"), text("day", "-day")],
    rows: shapes("tracks"),
    id: ({ id }) => id,
    cells: (one) => [signed(trackKey(one.mode, unitColour(one.unit_code)), one.name), one.unit ?? "–", one.team || "–", say(`mode_${one.mode}`), orDash(one.day, day)],
  },
  surveys: {
    columns: () => [text("name", "name"), text("day", "-day"), number("pixel"), number("area")],
    rows: shapes("surveys"),
    id: ({ id }) => id,
    cells: (one) => [one.name, orDash(one.day, day), say("gsd", { cm: num(one.gsd_cm, 1) }), landArea(one.valid_area_m2)],
  },
  photos: {
    columns: () => [text("name"), text("day", "-day"), text("filter_units", "unit"), text("filter_teams", "team")],
    rows: shapes("photos"),
    id: ({ id }) => id,
    cells: (one) => [signed(photoSign(one.heading_deg ?? null), one.name), orDash(one.day, day), one.unit ?? "–", one.team || "–"],
  },
  sites: {
    columns: () => [text("state", "state"), text("name", "name"), text("due", "due")],
    rows: shapes("sites"),
    id: ({ id }) => id,
    cells: (one) => [signed(siteSign(one.visit), say(`site_state_${one.visit}`)), one.name, orDash(one.due, day)],
  },
  gaps: {
    columns: () => [number("rank"), text("areas"), number("area"), number("risk_column")],
    rows: async ({ box, overview, cursor, limit }, signal) => {
      if (!overview.campaign || !overview.coverage) return NOTHING;
      const wanted = { area: overview.area.code, campaign: overview.campaign.id, lacking: overview.lacking, ...place.question() };
      const found = await ask("gaps", { ...wanted, bbox: box.text, cursor, limit, outlines: 0 }, signal);
      return { ...found, rows: found.features.map(({ properties }) => properties) };
    },
    id: (gap) => gap,
    cells: (gap) => [num(gap.rank), gap.area_name, landArea(gap.area_m2), `×${num(gap.risk, 1)}`],
  },
  zones: {
    columns: () => [text("name"), text("kind"), text("until")],
    rows: async ({ box, layers, ...part }) => some(layers.zones.filter(({ bounds }) =>
      touches(box, [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()])), part),
    id: ({ bounds }) => bounds,
    cells: (one) => [one.name, [say(`zone_${one.kind}`), one.valid ? null : say("zone_past")].filter(Boolean).join(" · "), orDash(one.valid_to, day)],
  },
  areas: {
    columns: () => [text("name"), number("of_ground"), number("unseen_ground")],
    rows: async ({ box, overview, layers, ...part }) => {
      const sums = new Map(overview.children.map((one) => [one.code, one.coverage]));
      const shown = (layers.areas ?? []).filter(({ bbox }) => touches(box, bbox));
      return some(shown.map((one) => ({ ...one, coverage: sums.get(one.code) ?? null })), part);
    },
    id: ({ code }) => code,
    cells: ({ name, coverage }) => [name, coverage ? num(coverage.area_m2 / 1e6, 2) : "–", coverage && coverage.area_m2 > 0 ? percent(1 - coverage.seen_m2 / coverage.area_m2) : "–"],
  },
};
