// What the question leaves out, by name: for the filter, its chips and the printed sheet.

import { day, page, say } from "./page.js";
import * as place from "./place.js";

export const LISTS = [
  { name: "unit", title: "filter_units", pairs: ({ sources }) => sources.units.map(({ code, name }) => [code, name]) },
  { name: "team", title: "filter_teams", pairs: ({ sources }) => sources.teams.map((team) => [team, team]) },
  { name: "method", title: "filter_methods", pairs: ({ sources }) => sources.methods.map((method) => [method, say(`method_${method}`)]) },
  ...["patches", "cases", "sites"].map((of) => ({ name: "state", title: `filter_${of}`, pairs: () => page.states[of].map(([state, words]) => [`${of}.${state}`, words]) })),
  { name: "picture", title: "filter_pictures", pairs: (_, layers) => layers.pictures.map(({ id, name }) => [String(id), name]) },
];
const NAMES = [...new Set(LISTS.map(({ name }) => name))];

/** Return in words what the address leaves out: [{text, changes}], where changes undo it. */
export function narrowing(names) {
  const now = place.read();
  const parts = [];
  if (now.from) parts.push({ text: say("from_day", { day: day(now.from) }), changes: { from: null } });
  if (now.as_of) parts.push({ text: say("as_of", { day: day(now.as_of) }), changes: { as_of: null } });
  for (const name of NAMES) {
    for (const value of now[name]) {
      parts.push({ text: names.get(`${name} ${value}`) ?? value, changes: { [name]: now[name].filter((other) => other !== value) } });
    }
  }
  return parts;
}

/** Return what every value of a filter is called: "name value" → words. */
export function filterNames(overview, layers) {
  return new Map(LISTS.flatMap(({ name, title, pairs }) => pairs(overview, layers).map(([value, words]) =>
    [`${name} ${value}`, name === "state" ? `${say(title)}: ${words}` : words])));
}
