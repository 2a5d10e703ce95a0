// The figures of the commander's page: value, part of what, target, change and day of the data.

import { day, el, landArea, num, percent, say, svg } from "./page.js";

const ORDER = ["unseen", "cleared", "clean", "overdue", "standing", "sites_late", "uploads"];
// Where a figure is told in full, for the same area.
const LINKS = {
  overdue: "/cases?overdue=1&area=", standing: "/standing?area=", sites_late: "/sites", uploads: "/jobs", clean: "/confidence", unseen: "/map#area=", cleared: "/map#area=",
};

const value = (figure) => {
  if (figure.value === null) return "–";
  if (figure.unit === "m2") {
    const [mu, hectares] = landArea(figure.value).split(/ (?=\()/);
    return [mu, " ", el("span", { class: "beside" }, hectares)];
  }
  return figure.unit === "share" ? percent(figure.value) : num(figure.value);
};

function part(figure) {
  if (figure.of === null) return null;
  if (figure.unit === "m2") return [percent(figure.of > 0 ? figure.value / figure.of : null), " ", say("fig_of_ground", { total: landArea(figure.of) })];
  if (figure.unit === "share") return say("fig_of_ground", { total: landArea(figure.of) });
  return say(figure.key === "sites_late" ? "fig_of_sites" : "fig_of_open", { n: num(figure.of) });
}

function target(figure) {
  if (figure.target === null) return say("fig_no_target");
  const words = figure.unit === "share" ? percent(figure.target) : num(figure.target);
  return say("fig_target", { target: words });
}

/** Return how a figure changed: an arrow for the way, a word for whether that is good. */
function change(figure) {
  if (figure.change === null) return el("span", { class: "change" }, say("fig_no_before"));
  const size = Math.abs(figure.change);
  if (size < (figure.unit === "share" ? 0.0005 : 0.5)) return el("span", { class: "change" }, say("fig_same"));
  const up = figure.change > 0;
  const amount = figure.unit === "m2" ? landArea(size) : figure.unit === "share" ? say("fig_points", { n: num(size * 100, 1) }) : num(size);
  const good = figure.better === null ? null : (figure.better === "more") === up;
  const words = say("fig_change", { change: `${up ? "▲" : "▼"} ${amount}` });
  return el("span", { class: `change ${good === null ? "" : good ? "good" : "bad"}` },
    words, good === null ? null : el("span", {}, ` · ${say(good ? "fig_better" : "fig_worse")}`));
}

/** Return whether a figure misses its target. */
const misses = (figure) => figure.value !== null && figure.target !== null
  && (figure.better === "less" ? figure.value > figure.target : figure.value < figure.target);

function tile(key, figure, area) {
  if (!figure) return el("li", { class: "tile", "data-key": key }, el("h2", {}, say(`fig_${key}`)), el("p", { class: "sub" }, say("fig_working")));
  const place = LINKS[key].endsWith("area=") ? LINKS[key] + encodeURIComponent(area) : LINKS[key];
  return el("li", { class: `tile${misses(figure) ? " misses" : ""}`, "data-key": key },
    el("h2", {}, el("a", { href: place }, say(`fig_${key}`))),
    el("p", { class: "value" }, figure.value === null ? say("fig_none") : value(figure)),
    el("p", { class: "sub" }, part(figure)),
    el("p", { class: "sub" }, target(figure)),
    el("p", {}, change(figure)),
    el("p", { class: "sub age" }, figure.as_of ? say("fig_as_of", { day: day(figure.as_of) }) : say("fig_no_data")));
}

/** Show the figures; those that are not there yet keep their place. */
export function showFigures(list, figures, area) {
  const byKey = new Map(figures.map((figure) => [figure.key, figure]));
  list.replaceChildren(...ORDER.map((key) => tile(key, byKey.get(key), area)));
}

const WIDE = 96;
const HIGH = 24;
/** Return a small curve of shares from 0 to 1; days without a figure are gaps. */
export function sparkline(shares, words) {
  if (shares.length < 2 || shares.every((share) => share === null)) return el("span", { class: "sub" }, "–");
  const step = WIDE / (shares.length - 1);
  let pen = "M";
  const way = shares.map((share, k) => {
    if (share === null) { pen = "M"; return ""; }
    const at = `${pen}${(k * step).toFixed(1)} ${(HIGH - 2 - share * (HIGH - 4)).toFixed(1)}`;
    pen = "L";
    return at;
  }).join("");
  return svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, class: "spark", role: "img", "aria-label": words }, svg("path", { d: way }));
}
