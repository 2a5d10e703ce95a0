// What a click on the map means: a sign, one of several signs, or the ground below.

import { el, num, say } from "./page.js";

const L = window.L;
const REACH_PX = 12;
const LINE_REACH_PX = 6;
const MOST_LISTED = 8;
const DEEPER = 2;

const POINTED = { patches: "patch", tracks: "track", cases: "case", sites: "site", photos: "photo", surveys: "survey" };

/** Return what to call a hit in a list. */
export function hitName({ kind, item }) {
  const { properties } = item;
  const name = say(POINTED[kind]);
  if (kind === "patches") return properties.state === "licensed" ? say("patch_licensed") : `${name} ${properties.rank ?? properties.id}`;
  if (kind === "tracks") return [name, properties.name, say(`mode_${properties.mode}`), properties.day].filter(Boolean).join(" · ");
  if (kind === "cases") return `${name} ${properties.number ?? properties.id}`;
  return [name, properties.name, properties.day].filter(Boolean).join(" · ") || `${name} ${properties.id}`;
}

const order = ({ kind }) => Object.keys(POINTED).indexOf(kind);

/**
 * Answer a click at a place; returns whether a sign stood there.
 * @param open {patches, tracks, …}: called with the id of what was chosen
 */
export function pick(map, shapes, event, open) {
  const at = event.containerPoint;
  const hits = shapes.hits(at, REACH_PX).filter(({ item, far }) => item.point || far <= LINE_REACH_PX);
  if (!hits.length) return false;
  const counts = hits.find(({ item }) => item.layer === "counts");
  if (counts) {
    map.setView(event.latlng, map.getZoom() + DEEPER);
    return true;
  }
  // A click on the middle of one sign alone means it; else one chooses.
  const under = hits.filter(({ far }) => far === 0);
  const meant = under.length ? under : hits;
  if (meant.length === 1) open[meant[0].kind](meant[0].item.properties.id);
  else choose(map, event.latlng, meant.sort((a, b) => a.far - b.far || order(a) - order(b)), open);
  return true;
}

function choose(map, latlng, hits, open) {
  const popup = L.popup({ className: "chooser", minWidth: 180, maxWidth: 280, autoPanPadding: [8, 8] });
  const buttons = hits.slice(0, MOST_LISTED).map((hit) =>
    el("li", {}, el("button", { type: "button", onclick: () => { popup.remove(); open[hit.kind](hit.item.properties.id); } }, hitName(hit))));
  const rest = hits.length - buttons.length;
  const list = el("div", { role: "group", "aria-label": say("choose_one") }, el("b", {}, say("choose_one")), el("ul", {}, buttons),
    rest > 0 ? el("p", { class: "hint" }, say("choose_more", { n: num(rest) })) : null);
  popup.setLatLng(latlng).setContent(list).openOn(map);
  list.querySelector("button").focus({ preventScroll: true });
  list.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    popup.remove();
    map.getContainer().focus({ preventScroll: true });
  });
}
