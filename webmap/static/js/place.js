// What the address says after '#': the view, the drilled area, the campaign, and the layers switched
// off, or on where they are off at first; the question: what is shown, from and as of which day, whose
// looks count, things in which state, of which picture; and the two days that are compared.
// A shared address shows the same map; every drill-down is a step of the browser's history.
// 'track', 'survey' and 'photo' lead to one of them and are gone with the first change.

const LISTS = ["unit", "team", "method", "state", "picture"];
const SINGLE = ["campaign", "show", "from", "as_of", "gaps", "swipe", "list"];
const WHOLE = {
  view: null, area: null, campaign: null, track: null, survey: null, photo: null, off: [], on: [],
  show: null, from: null, as_of: null, gaps: null, swipe: null, list: null,
  unit: [], team: [], method: [], state: [], picture: [],
};

/** Return what the address says now. */
export function read() {
  const given = new URLSearchParams(location.hash.slice(1));
  const view = (given.get("view") ?? "").split(",").map(Number);
  const good = view.length === 3 && view.every(Number.isFinite);
  return {
    ...WHOLE,
    view: good ? { lat: view[0], lon: view[1], zoom: view[2] } : null,
    area: given.get("area"),
    track: given.get("track"),
    survey: given.get("survey"),
    photo: given.get("photo"),
    off: (given.get("off") ?? "").split(",").filter(Boolean),
    on: (given.get("on") ?? "").split(",").filter(Boolean),
    ...Object.fromEntries(SINGLE.map((name) => [name, given.get(name)])),
    ...Object.fromEntries(LISTS.map((name) => [name, given.getAll(name)])),
  };
}

/** Change the address; `step` makes it a step that "back" undoes. */
export function write(changes, step = false) {
  const now = { ...read(), ...changes };
  const query = new URLSearchParams();
  if (now.view) {
    query.set("view", `${now.view.lat.toFixed(6)},${now.view.lon.toFixed(6)},${now.view.zoom}`);
  }
  if (now.area) query.set("area", now.area);
  for (const name of SINGLE) if (now[name]) query.set(name, now[name]);
  for (const name of LISTS) for (const value of now[name]) query.append(name, value);
  for (const name of ["off", "on"]) if (now[name].length) query.set(name, now[name].join(","));
  const hash = `#${query.toString().replaceAll("%2C", ",")}`;
  if (hash === location.hash) return;
  if (step) history.pushState(null, "", hash);
  else history.replaceState(null, "", hash);
}

/** A question that asks for everything. */
export const EVERYTHING = { from: null, as_of: null, unit: [], team: [], method: [], state: [], picture: [] };

/** Return the part of the address that says which looks count, as the API takes it. */
export function question() {
  const { as_of, unit, team, method } = read();
  return { as_of, unit, team, method };
}

/** Return what the API is asked for an overview of an area; null is the person's own. */
export function overviewOf(area) {
  const { campaign, gaps } = read();
  return { area, campaign, lacking: gaps, ...question() };
}
