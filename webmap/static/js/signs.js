// The signs of the map, the same as in the legend.

import { el, moment, page, say, svg } from "./page.js";

const L = window.L;

// Eight colours that stay apart for colour-blind eyes (after Okabe and Ito, darkened for lines).
const UNIT_COLOURS = ["#0072b2", "#b8460e", "#00785a", "#8a3a76", "#1f2d3a", "#a67c00", "#2a8fbd", "#6b4f2a"];
const DASHES = { foot: null, vehicle: "9 6", boat: "10 5 2 5", drone: "1 6" };

/** Gives each unit its colour, in the order units are first met by code. */
export class UnitColours {
  #given = new Map();

  learn(units) {
    for (const [code, name] of [...units].sort((a, b) => String(a[0]).localeCompare(String(b[0])))) {
      if (!this.#given.has(code)) {
        this.#given.set(code, { colour: UNIT_COLOURS[this.#given.size % UNIT_COLOURS.length], name });
      }
    }
  }

  of(code) {
    return this.#given.get(code)?.colour ?? UNIT_COLOURS[4];
  }

  /** Put one line a unit into the legend. */
  showIn(node) {
    const open = node.querySelector("details")?.open ?? false;
    const keys = [...this.#given.values()].map(({ colour, name }) => {
      const line = svg("svg", { viewBox: "0 0 24 16", "aria-hidden": "true" },
        svg("path", { d: "M1 8h22", stroke: colour, "stroke-width": 3 }));
      return el("div", { class: "unit-key" }, line, el("span", { title: name }, name));
    });
    const summary = el("summary", {}, say("unit_colours", { n: keys.length }));
    node.replaceChildren(...(keys.length ? [el("details", { open }, summary, ...keys)] : []));
  }
}

/** Return Leaflet's style of a track. */
export const trackStyle = (properties, colours, zoom) => ({
  color: colours.of(properties.unit_code ?? ""),
  weight: zoom >= 15 ? 2.5 : zoom >= 13 ? 1.8 : 1.1,
  opacity: 0.95,
  dashArray: DASHES[properties.mode] ?? null,
  lineCap: properties.mode === "drone" ? "round" : "butt",
});

/** Return a marker for a patch: a hollow diamond sized by area, or L in a licensed parcel. */
export function patchMarker(properties, chosen) {
  const licensed = properties.state === "licensed";
  const side = Math.round(Math.min(34, 12 + 3 * Math.log2(1 + properties.area_m2)));
  const half = side / 2;
  const shape = licensed
    ? `M1 3H${side - 1}V${side - 3}H1Z`
    : `M${half} 0L${side} ${half}L${half} ${side}L0 ${half}Z`;
  const sign = svg("svg", { viewBox: `0 0 ${side} ${side}`, width: side, height: side, "aria-hidden": "true" },
    svg("path", { d: shape, class: "halo" }), svg("path", { d: shape, class: "line" }));
  if (licensed) {
    const letter = svg("text", { x: half, y: half + 4 });
    letter.textContent = "L";
    sign.append(letter);
  }
  const icon = L.divIcon({
    html: sign,
    className: `patch-sign${licensed ? " licensed" : ""}${chosen ? " chosen" : ""}`,
    iconSize: [side, side],
  });
  const title = licensed ? say("patch_licensed") : `${say("patch")} ${properties.rank}`;
  const [lon, lat] = properties.point;
  const above = 1000 - Math.min(properties.rank ?? 999, 999);
  return L.marker([lat, lon], { icon, title, alt: title, zIndexOffset: above, pane: "patches" });
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

// A base map is light in both themes; plain ground takes the theme's colour.
const ink = () => page.base ? "#17212b" : getComputedStyle(document.documentElement).getPropertyValue("--ink").trim();
export const outlineStyle = {
  area: () => ({ color: ink(), weight: 1.4, opacity: 0.85, fill: false, dashArray: "6 3" }),
  drilled: () => ({ color: ink(), weight: 3, opacity: 0.9, fill: false }),
  gap: () => ({ color: "#b35806", weight: 2, fill: false, dashArray: "6 3" }),
  doubtful: () => ({ color: "#8f5500", weight: 9, opacity: 0.4, lineCap: "round" }),
  cell: () => ({ color: ink(), weight: 3, fill: false }),
  survey: () => ({ color: ink(), weight: 1.2, fill: false }),
  licensed: (valid) => ({ color: "#2f6f44", weight: 2.5, fill: false, dashArray: valid ? null : "2 6" }),
  former: () => ({ color: "#7a4a12", weight: 2, fill: false, dashArray: "2 3" }),
  priority: () => ({ color: "#8f5500", weight: 2, fill: false, dashArray: "8 3" }),
  "no-go": () => ({ color: "#5b6b76", weight: 2, fill: false, dashArray: "1 3" }),
};
