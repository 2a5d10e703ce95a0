// The signs of the map, the same as in the legend.

import { stateSign } from "./case_signs.js";
import { palette } from "./map_pictures.js";
import { el, moment, page, say, svg } from "./page.js";
import { siteSquare } from "./site_signs.js";

const L = window.L;

const PATCH_PX = { least: 12, most: 34 };
const DIAMOND = "M12 2l10 10-10 10L2 12z";
const DASHES = { vehicle: [9, 6], boat: [10, 5, 2, 5], drone: [1, 6] };
const UNIT_COUNT = 8;
const NO_UNIT = 4;
const unitOrder = new Map();

/** Give each unit its colour of the eight: by the order of the codes, whatever the view shows. */
export function learnUnits(codes) {
  unitOrder.clear();
  [...codes].sort().forEach((code, k) => unitOrder.set(code, k % UNIT_COUNT));
}

/** Return a unit's colour. */
export const unitColour = (code) => palette().units[unitOrder.get(code) ?? NO_UNIT];

/** Return the dashes of a way of going, for a canvas. */
export const trackDash = (mode) => DASHES[mode] ?? [];

/** Return a line as tracks are drawn, for the legend. */
export const trackKey = (mode, colour = null) => svg("svg", { viewBox: "0 0 24 16", "aria-hidden": "true" },
  svg("path", { d: "M1 8h22", class: colour ? "s-unit" : "s-track", "stroke-dasharray": trackDash(mode).join(" "), ...(mode === "drone" ? { "stroke-linecap": "round" } : {}), ...(colour ? { stroke: colour } : {}) }));

/** Return a patch's side in pixels, by its area. */
export const patchSide = (m2) => Math.min(PATCH_PX.most, PATCH_PX.least + 3 * Math.log2(1 + (m2 ?? 0)));

const SIDE = { viewBox: "0 0 24 24", "aria-hidden": "true" };
/** Return the sign of a patch: a hollow diamond, a square with an L, or the sign of its case. */
export function patchSign(state) {
  if (state === "suspected") return svg("svg", SIDE, svg("path", { d: DIAMOND, class: "state-sign" }));
  if (state !== "licensed") return stateSign(state);
  return svg("svg", SIDE, svg("path", { d: "M3 4h18v16H3z", class: "state-sign licensed" }), svg("path", { d: "M10 8v8h5", class: "state-sign licensed" }));
}

/** Return the sign of a case. */
export const caseSign = stateSign;

// Tiles tell of a site only whether its visit is overdue, due or fine.
const SITE_SHAPES = { due: "due_soon" };

/** Return the square of a site. */
export function siteSign(state) {
  const square = siteSquare(SITE_SHAPES[state] ?? state);
  const late = square.classList.contains("overdue");
  for (const part of square.children) part.setAttribute("class", late ? "ink solid" : "ink paper");
  return square;
}

/** Return the sign of a photo: a dot, with a wedge where the camera looked. */
export function photoSign(heading) {
  const wedge = heading === null ? [] : [svg("path", { d: turnedWedge(heading), class: "ink wedge" })];
  return svg("svg", { viewBox: "-14 -14 28 28", "aria-hidden": "true", class: "photo-sign" }, ...wedge, svg("circle", { cx: 0, cy: 0, r: 4.5, class: "ink solid" }));
}

function turnedWedge(heading) {
  const [sin, cos] = [Math.sin((heading * Math.PI) / 180), Math.cos((heading * Math.PI) / 180)];
  const at = (x, y) => `${(x * cos - y * sin).toFixed(2)} ${(x * sin + y * cos).toFixed(2)}`;
  return `M0 0L${at(-6, -11)}A12.5 12.5 0 0 1 ${at(6, -11)}Z`;
}

/** Return a marker for a photo: a dot, with a wedge where the camera looked. */
export function photoMarker([lon, lat], { name, taken, heading_deg: heading }, chosen = false) {
  const wedge = heading === null ? [] : [svg("path", { d: "M0 0L-6 -11A12.5 12.5 0 0 1 6 -11Z", class: "wedge", transform: `rotate(${heading})` })];
  const sign = svg("svg", { viewBox: "-14 -14 28 28", width: 28, height: 28, "aria-hidden": "true" },
    ...wedge, svg("circle", { r: 4.5 }));
  const icon = L.divIcon({ html: sign, className: `photo-sign${chosen ? " chosen" : ""}`, iconSize: [28, 28] });
  const title = [`${say("photo")} ${name}`, taken ? moment(taken) : null].filter(Boolean).join(" · ");
  const more = chosen ? { interactive: false, keyboard: false } : {};
  return L.marker([lat, lon], { icon, title, alt: title, pane: "photos", ...more });
}

/** Return a marker for the way into a gap: an arrow that points down at it. */
export function accessMarker([lon, lat], title) {
  const sign = svg("svg", { viewBox: "0 0 24 28", width: 24, height: 28, "aria-hidden": "true" },
    svg("path", { d: "M12 27L3 14H8V2H16V14H21Z" }));
  const icon = L.divIcon({ html: sign, className: "access-sign", iconSize: [24, 28], iconAnchor: [12, 28] });
  return L.marker([lat, lon], { icon, title, alt: title, pane: "labels", interactive: false, keyboard: false });
}

/** Return a place as latitude and longitude, as handhelds show it. */
export const placeWords = ([lon, lat]) => `${lat.toFixed(5)}, ${lon.toFixed(5)}`;

/** Let a marker be chosen by click, Enter and space: Leaflet makes it a button for the eye alone. */
export function whenChosen(marker, act) {
  marker.on("click", act);
  return marker.on("keydown", ({ originalEvent: event }) => {
    if (!["Enter", " "].includes(event.key)) return;
    event.preventDefault();
    act();
  });
}

/** Return a marker that is only text, centred on its place. */
export function label(lonLat, text, className, options = {}) {
  const icon = L.divIcon({ html: el("span", {}, text), className, iconSize: [0, 0] });
  return L.marker([lonLat[1], lonLat[0]], { icon, pane: "labels", ...options });
}

/** Return a colour of the style sheet: Leaflet takes no names of them. */
export const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// A base map is light in both themes; plain ground takes the theme's colour.
const ink = () => token(page.base ? "--map-ink" : "--ink");
export const outlineStyle = {
  area: () => ({ color: ink(), weight: 1.4, opacity: 0.85, fill: false, dashArray: "6 3" }),
  drilled: () => ({ color: ink(), weight: 3, opacity: 0.9, fill: false }),
  gap: () => ({ color: token("--map-gap"), weight: 2, fill: false, dashArray: "6 3" }),
  // Its corners are those of the ground, at every zoom.
  gapChosen: () => ({ color: token("--map-gap"), weight: 3.5, fill: false, className: "gap-chosen" }),
  cell: () => ({ color: ink(), weight: 3, fill: false }),
  licensed: (valid) => ({ color: token("--map-licensed"), weight: 2.5, fill: false, dashArray: valid ? null : "2 6" }),
  former: () => ({ color: token("--map-former"), weight: 2, fill: false, dashArray: "2 3" }),
  priority: () => ({ color: token("--map-caution"), weight: 2, fill: false, dashArray: "8 3" }),
  "no-go": () => ({ color: token("--map-grey"), weight: 2, fill: false, dashArray: "1 3" }),
};
