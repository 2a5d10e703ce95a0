// The signs of signs.js as small pictures that a canvas stamps, in the colours of the style sheet.

const KEPT = new Map();
const HALO_PX = 3;
const ROOM_PX = 4;
const NAMES = ["ink", "halo", "patch", "late", "grey", "licensed", "survey", "doubtful"];
let colours = null;

/** Return the colours of signs as the style sheet has them now. */
export function palette() {
  if (!colours) {
    const style = getComputedStyle(document.querySelector(".folium-map"));
    colours = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--sign-${name}`).trim()]));
    colours.units = Array.from({ length: 8 }, (_, k) => style.getPropertyValue(`--unit-${k}`).trim());
  }
  return colours;
}

/** Forget colours and pictures: the theme has changed. */
export function forgetPictures() {
  colours = null;
  KEPT.clear();
}

/** Call `act` whenever the page gets another theme. */
export function onTheme(act) {
  const changed = () => {
    forgetPictures();
    act();
  };
  new MutationObserver(changed).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "class"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}

const SHAPES = {
  path: (part) => new Path2D(part.getAttribute("d")),
  circle: (part) => {
    const path = new Path2D();
    path.arc(...["cx", "cy", "r"].map((name) => Number(part.getAttribute(name))), 0, 2 * Math.PI);
    return path;
  },
  rect: (part) => {
    const path = new Path2D();
    path.rect(...["x", "y", "width", "height"].map((name) => Number(part.getAttribute(name))));
    return path;
  },
};

/** Return how a part of a sign is painted, by its classes. */
function paintOf(classes) {
  const { ink, halo, patch, late, grey, licensed } = palette();
  const has = (name) => classes.contains(name);
  const colour = has("late") ? late : has("grey") ? grey : has("licensed") ? licensed : has("ink") ? ink : patch;
  const full = ["half", "solid"].some(has);
  return {
    stroke: colour,
    fill: has("late") ? halo : full ? colour : has("paper") ? halo : has("wedge") ? colour : null,
    alpha: has("paper") ? 0.75 : has("wedge") ? 0.45 : 1,
    width: has("late") || has("wedge") ? 1.5 : 2.4,
  };
}

/**
 * Return a sign as a canvas with its side in pixels, room for its halo included.
 * @param make gives the svg element, called only where the picture is not there yet
 */
export function picture(key, make, sidePx, ratio) {
  const whole = `${key} ${ratio}`;
  if (!KEPT.has(whole)) KEPT.set(whole, drawn(make(), sidePx, ratio));
  return KEPT.get(whole);
}

function drawn(sign, sidePx, ratio) {
  const [left, top, width] = sign.getAttribute("viewBox").split(" ").map(Number);
  const canvas = document.createElement("canvas");
  canvas.side = sidePx + 2 * ROOM_PX;
  canvas.width = canvas.height = Math.ceil(canvas.side * ratio);
  const context = canvas.getContext("2d");
  const scale = sidePx / width;
  context.scale(ratio, ratio);
  context.translate(ROOM_PX, ROOM_PX);
  context.scale(scale, scale);
  context.translate(-left, -top);
  context.lineJoin = "round";
  const parts = [...sign.children].map((part) => ({ path: SHAPES[part.tagName](part), ...paintOf(part.classList) }));
  // Thin strokes stay as wide on small signs as on large ones.
  for (const { path, width: stroke } of parts) {
    context.lineWidth = (stroke + HALO_PX) / scale;
    context.strokeStyle = palette().halo;
    context.stroke(path);
  }
  for (const { path, stroke, fill, alpha, width: line } of parts) {
    context.globalAlpha = alpha;
    if (fill) {
      context.fillStyle = fill;
      context.fill(path);
    }
    context.globalAlpha = 1;
    context.lineWidth = line / scale;
    context.strokeStyle = stroke;
    context.stroke(path);
  }
  return canvas;
}
