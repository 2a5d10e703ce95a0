// The signs of one track's page, the same on its map and in its legend.

import { svg } from "./page.js";

const L = window.L;
// A shape of its own for every rule, so that nobody has to tell colours apart; 12 px, drawn round 0,0.
const RULES = {
  range: { colour: "#1f2d3a", shape: "M-5 -5H5V5H-5Z" },
  accuracy: { colour: "#0072b2", shape: "M5 0A5 5 0 1 1 -5 0A5 5 0 1 1 5 0Z" },
  duplicate_time: { colour: "#7d5c00", shape: "M-6 -2.5H6M-6 2.5H6" },
  out_of_order: { colour: "#8a3a76", shape: "M5 -5.5L-5 0L5 5.5Z" },
  resume_jump: { colour: "#00785a", shape: "M0 -6.5L6.5 0L0 6.5L-6.5 0Z" },
  speed: { colour: "#b8460e", shape: "M-5 -5L5 5M5 -5L-5 5" },
  spike: { colour: "#b3261e", shape: "M0 -6L6 5H-6Z" },
  jitter: { colour: "#1f7096", shape: "M-6 0H6M0 -6V6" },
};
const OTHER_RULE = { colour: "#1f2d3a", shape: "M-3 -3H3V3H-3Z" };
const ruleSign = (rule) => RULES[rule] ?? OTHER_RULE;
const HALO = 4.5;
const STROKE = 2;
const RADIUS = 7;

/** Return Leaflet's style of one of a track's lines. */
export const LINES = {
  counted: { color: "#e69f00", weight: 11, opacity: 0.5, lineCap: "butt" },
  other: { color: "#7a828a", weight: 3.5, opacity: 0.95 },
  raw: { color: "#b8460e", weight: 1.3, opacity: 0.95, dashArray: "4 4" },
  trial: { color: "#8a3a76", weight: 3, opacity: 1, dashArray: "1 6" },
  cleaned: { color: "#0072b2", weight: 2.2, opacity: 1 },
};

/** Return the legend's sign of a rule. */
export function ruleKey(rule) {
  const { colour, shape } = ruleSign(rule);
  return svg("svg", { viewBox: "-12 -8 24 16", "aria-hidden": "true" },
    svg("path", { d: shape, fill: "none", stroke: "#fff", "stroke-width": HALO }),
    svg("path", { d: shape, fill: "none", stroke: colour, "stroke-width": STROKE }));
}

/** Return the legend's sign of a line. */
export function lineKey(name) {
  const { color, weight, opacity, dashArray } = LINES[name];
  return svg("svg", { viewBox: "0 0 24 16", "aria-hidden": "true" },
    svg("path", { d: "M1 8h22", fill: "none", stroke: color, "stroke-width": weight, opacity, ...(dashArray ? { "stroke-dasharray": dashArray } : {}) }));
}

/** Return the legend's sign of a stop. */
export const stopKey = () =>
  svg("svg", { viewBox: "0 0 24 16", "aria-hidden": "true" },
    svg("circle", { cx: 12, cy: 8, r: 6, class: "stop-ring" }));

// Leaflet draws no shapes but circles on a canvas, and thousands of elements would be slow.
const SignMarker = L.CircleMarker.extend({
  _updatePath() {
    const { _drawing: drawing, _ctx: context } = this._renderer;
    if (!drawing || this._empty()) return;
    context.save();
    context.translate(this._point.x, this._point.y);
    for (const [width, colour] of [[HALO, "#fff"], [STROKE, this.options.sign.colour]]) {
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.stroke(this.options.path);
    }
    context.restore();
  },
});

/** Return markers of a rule's points ([lon, lat, time]), to be drawn by a canvas renderer. */
export function ruleMarkers(rule, points, renderer, onClick) {
  const sign = ruleSign(rule);
  const path = new Path2D(sign.shape);
  return points.map((point) =>
    new SignMarker([point[1], point[0]], { renderer, radius: RADIUS, sign, path }).on("click", () => onClick(rule, point)));
}
