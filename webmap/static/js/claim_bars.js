// How sure one may be, drawn: a point, its interval, and where one wants to be.

import { percent, say, svg } from "./page.js";

const at = (share) => `${(100 * Math.min(Math.max(share, 0), 1)).toFixed(2)}%`;

/** Return a bar from 0 to 100 % with the interval, the figure and the target. */
export function intervalBar({ posterior, posterior_low: low, posterior_high: high }, target) {
  const told = say("bar_told", { share: percent(posterior), low: percent(low), high: percent(high), target: percent(target) });
  const bar = svg("svg", { class: "interval", role: "img", "aria-label": told },
    svg("rect", { class: "whole", x: 0, y: "32%", width: "100%", height: "36%" }),
    svg("rect", { class: "between", x: at(low), y: "20%", width: at(high - low), height: "60%" }),
    svg("line", { class: "aim", x1: at(target), x2: at(target), y1: 0, y2: "100%" }),
    svg("line", { class: "figure-at", x1: at(posterior), x2: at(posterior), y1: "5%", y2: "95%" }));
  const title = svg("title", {});
  title.textContent = told;
  bar.prepend(title);
  return bar;
}
