// Two weeks of days as small charts: one line of shares, three rows of bars, each with its figures.

import { day, el, num, percent, say, svg } from "./page.js";

const WIDE = 280;
const HIGH = 64;

function frame(title, figure, drawing, days) {
  const ends = days.length ? say("days_from_to", { first: day(days[0].day), last: day(days.at(-1).day) }) : "";
  return el("figure", { class: "day-chart" },
    el("figcaption", {}, el("b", {}, title), el("span", { class: "sub" }, figure)),
    drawing, el("p", { class: "sub" }, ends));
}

function bars(key, days) {
  const total = days.reduce((sum, one) => sum + one[key], 0);
  const most = Math.max(...days.map((one) => one[key]), 1);
  const wide = WIDE / days.length;
  const words = total ? say("days_total", { n: num(total), days: num(days.length) }) : say("days_none", { days: num(days.length) });
  const drawing = svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": `${say(`days_${key}`)}: ${days.map((one) => `${day(one.day)} ${num(one[key])}`).join(", ")}` },
    svg("path", { d: `M0 ${HIGH - 0.5}H${WIDE}`, class: "axis" }),
    ...days.filter((one) => one[key]).map((one) => {
      const high = ((HIGH - 16) * one[key]) / most;
      const x = days.indexOf(one) * wide;
      const count = svg("text", { x: x + wide / 2, y: HIGH - high - 4, "text-anchor": "middle" }, num(one[key]));
      return svg("g", {}, svg("rect", { x: x + 2, y: HIGH - high, width: wide - 4, height: high }), count);
    }));
  return frame(say(`days_${key}`), words, drawing, days);
}

function shares(days) {
  if (!days.length) return el("p", { class: "hint" }, say("days_no_coverage"));
  const step = WIDE / Math.max(days.length - 1, 1);
  const y = (share) => HIGH - 2 - share * (HIGH - 4);
  const known = days.filter((one) => one.cleared_share !== null);
  const way = known.map((one, k) => `${k ? "L" : "M"}${(days.indexOf(one) * step).toFixed(1)} ${y(one.cleared_share).toFixed(1)}`).join("");
  const words = known.length ? `${percent(known[0].cleared_share)} → ${percent(known.at(-1).cleared_share)}` : "–";
  const drawing = svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": known.map((one) => `${day(one.day)} ${percent(one.cleared_share)}`).join(", ") },
    svg("path", { d: `M0 ${y(0)}H${WIDE}M0 ${y(1)}H${WIDE}`, class: "axis" }),
    svg("text", { x: 2, y: y(1) + 11 }, "100 %"),
    svg("path", { d: way, class: "line" }));
  return frame(say("days_cleared", { day: day(days.at(-1).day) }), words, drawing, days);
}

/** Show the last days. */
export function showDays(node, told) {
  node.replaceChildren(shares(told.coverage), ...["confirmed", "eradicated", "uploads"].map((key) => bars(key, told.days)));
}
