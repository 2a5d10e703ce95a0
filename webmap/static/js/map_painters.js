// How each kind of shape is drawn on a tile: the signs of signs.js as pictures, lines, counts.

import { num } from "./page.js";
import { caseSign, patchSide, patchSign, photoSign, siteSign, trackDash, unitColour } from "./signs.js";
import { palette, picture } from "./map_pictures.js";

const CASE_PX = 24;
const SITE_PX = 20;
const PHOTO_PX = 26;
const EVEN = 2;
// Far away signs stand closer, so they are smaller.
const NEAR_ZOOM = 13;
const FAR_SHARE = 0.7;
const UNDER_PX = 12;
const COUNT_LEAST_PX = 11;
const COUNT_MOST_PX = 24;
// Counts of several kinds stand at the same ground: each kind has its corner and its shape.
const CORNERS = { patches: [0, 0], cases: [26, -20], sites: [26, 22], photos: [-26, 22], tracks: [-26, -20], surveys: [0, -34] };

const widthAt = (zoom) => (zoom >= 15 ? 2.5 : zoom >= 13 ? 1.8 : 1.1);
// Where many lines stand close, a rim round each would hide the ground.
const RIM_ZOOM = 14;
const isCount = (item) => item.layer === "counts";

function traced(lines, closed = false) {
  const path = new Path2D();
  for (const flat of lines) {
    for (let k = 0; k < flat.length; k += 2) path[k ? "lineTo" : "moveTo"](flat[k], flat[k + 1]);
    if (closed) path.closePath();
  }
  return path;
}

function stamp(context, item, { ratio, zoom }, key, sign, full) {
  const side = zoom < NEAR_ZOOM ? EVEN * Math.round((FAR_SHARE * full) / EVEN) : full;
  const image = picture(`${key} ${side}`, sign, side, ratio);
  item.reach = side / 2;
  context.drawImage(image, item.x - image.side / 2, item.y - image.side / 2, image.side, image.side);
}

const short = (n) => (n >= 10000 ? `${num(n / 1000)}k` : n >= 1000 ? `${num(n / 1000, 1)}k` : num(n));

/** Draw how many stand here: a round sign for patches and photos, a square one for sites, a diamond for cases. */
function count(kind, context, item, colour) {
  const { n, confirmed = 0 } = item.properties;
  const radius = Math.min(COUNT_MOST_PX, COUNT_LEAST_PX + 2.2 * Math.log2(1 + n) * 0.8);
  const [dx, dy] = CORNERS[kind];
  const { ink, halo } = palette();
  item.reach = radius;
  context.save();
  context.translate(item.x + dx, item.y + dy);
  item.shift = dx;
  context.beginPath();
  if (kind === "sites") context.roundRect(-radius * 0.85, -radius * 0.85, radius * 1.7, radius * 1.7, 2);
  else if (kind === "cases") for (const [x, y] of [[0, -1.25], [1.25, 0], [0, 1.25], [-1.25, 0]]) context.lineTo(x * radius, y * radius);
  else if (kind === "tracks") context.roundRect(-radius * 1.3, -radius * 0.6, radius * 2.6, radius * 1.2, radius * 0.6);
  else context.arc(0, 0, radius, 0, 2 * Math.PI);
  context.closePath();
  context.fillStyle = halo;
  context.globalAlpha = 0.92;
  context.fill();
  context.globalAlpha = 1;
  context.strokeStyle = colour;
  context.lineWidth = 2.2;
  context.stroke();
  if (confirmed) {
    context.beginPath();
    context.arc(0, 0, radius - 3, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * Math.min(1, confirmed / n));
    context.lineWidth = 3.5;
    context.stroke();
  }
  context.fillStyle = ink;
  context.font = "600 12px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(short(n), 0, 0.5);
  context.restore();
}

const withCounts = (kind, colour, sign) => (context, item, view) =>
  (isCount(item) ? count(kind, context, item, palette()[colour]) : sign(context, item, view));

/** Return a painter of points that are all one sign. */
const signs = (kind, colour, of) => ({ steps: [{ signs: withCounts(kind, colour, of) }] });

function outline(context, item, colour, width, dash = []) {
  const path = traced(item.lines, true);
  context.setLineDash([]);
  context.strokeStyle = palette().halo;
  context.globalAlpha = 0.8;
  context.lineWidth = width + 2;
  context.stroke(path);
  context.globalAlpha = 1;
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.setLineDash(dash);
  context.stroke(path);
}

function trackUnder(context, item, { zoom }) {
  const path = (item.path = traced(item.lines));
  const { doubtful, mode } = item.properties;
  if (!doubtful && zoom < RIM_ZOOM) return;
  context.setLineDash(doubtful ? [] : trackDash(mode));
  context.lineCap = mode === "drone" ? "round" : "butt";
  context.lineJoin = "round";
  context.globalAlpha = 0.75;
  context.strokeStyle = doubtful ? palette().doubtful : palette().halo;
  context.lineWidth = doubtful ? 9 : widthAt(zoom) + 1.5;
  if (doubtful) context.globalAlpha = 0.4;
  context.stroke(path);
  context.globalAlpha = 1;
}

function trackLine(context, item, { zoom }) {
  const { unit, mode } = item.properties;
  context.setLineDash(trackDash(mode));
  context.lineCap = mode === "drone" ? "round" : "butt";
  context.strokeStyle = unitColour(unit);
  context.lineWidth = widthAt(zoom);
  context.stroke(item.path);
}

/** Return the painter of a kind: its steps in their order; points are drawn whole, lines within their tile. */
export const PAINTERS = {
  tracks: { steps: [{ lines: trackUnder }, { lines: trackLine }, { signs: withCounts("tracks", "grey", () => {}) }] },
  surveys: { steps: [{ lines: (context, item) => outline(context, item, palette().survey, 1.4) }, { signs: withCounts("surveys", "survey", () => {}) }] },
  patches: {
    // The first in rank is drawn last, over the others.
    order: (a, b) => (b.properties.rank ?? Infinity) - (a.properties.rank ?? Infinity) || 0,
    steps: [
      { lines: (context, item) => outline(context, item, palette().patch, 1.5) },
      { signs: withCounts("patches", "patch", (context, item, view) => {
        const { state, m2, case: cased } = item.properties;
        const side = cased && view.under ? UNDER_PX : EVEN * Math.round(patchSide(m2) / EVEN);
        stamp(context, item, view, `patch ${state}`, () => patchSign(state), side);
      }) },
    ],
  },
  cases: signs("cases", "patch", (context, item, view) => {
    const { state, overdue } = item.properties;
    stamp(context, item, view, `case ${state} ${Boolean(overdue)}`, () => caseSign(state, Boolean(overdue)), CASE_PX);
  }),
  sites: signs("sites", "ink", (context, item, view) => stamp(context, item, view, `site ${item.properties.state}`, () => siteSign(item.properties.state), SITE_PX)),
  photos: signs("photos", "grey", (context, item, view) => {
    const heading = item.properties.heading ?? null;
    const turned = heading === null ? null : Math.round(heading / 10) * 10;
    stamp(context, item, view, `photo ${turned}`, () => photoSign(turned), PHOTO_PX);
  }),
};
