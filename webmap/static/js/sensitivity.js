// What the panel shows of a survey's measured sensitivity: share found by size and bloom.

import { el, num, percent, plotArea, say, sentence } from "./page.js";

const STEPS = 5;

/** Return the elements that tell what share of simulated patches was listed, and how sure that is. */
export function sensitivityPart({ sensitivity }) {
  const head = el("h2", {}, say("sensitivity"));
  if (!sensitivity) return [head, el("p", { class: "hint" }, say("sensitivity_none"))];
  const { overall, decoys, ordinary_ground: ordinary } = sensitivity;
  const rows = [
    [say("sensitivity_overall", { area: plotArea(overall.from_m2) }), figure(overall)],
    [say("sensitivity_false"), num(sensitivity.false_alarms_per_km2, 0)],
    [say("sensitivity_decoys"), figure(decoys)],
    [say("sensitivity_ordinary"), figure(ordinary)],
    [say("sensitivity_dropped"), num(sensitivity.dropped)],
  ];
  return [
    head,
    el("p", { class: "note simulated" }, sentence(sensitivity)),
    sensitivity.outdated ? el("p", { class: "problem" }, say("sensitivity_old")) : null,
    el("div", { class: "heat-table" }, table(sensitivity.strata)),
    el("dl", {}, rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
    el("ul", { class: "notes hint" }, sensitivity.assumptions.map((one) => el("li", {}, sentence(one)))),
  ];
}

function table(strata) {
  const areas = [...new Set(strata.map((cell) => cell.area_m2))].sort((a, b) => a - b);
  const looks = new Map();
  for (const cell of strata) {
    const key = `${cell.stage} ${cell.bloom_per_m2}`;
    if (!looks.has(key)) looks.set(key, new Map());
    looks.get(key).set(cell.area_m2, cell);
  }
  const heads = [say("sensitivity_look"), ...areas.map((area) => `${num(area)} ${say("m2")}`)];
  return el("table", {},
    el("caption", { class: "hint" }, say("sensitivity_caption")),
    el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))),
    el("tbody", {}, [...looks.values()].map((cells) => el("tr", {},
      el("th", { scope: "row" }, lookName([...cells.values()][0])),
      areas.map((area) => heatCell(cells.get(area)))))));
}

function lookName({ stage, bloom_per_m2: bloom }) {
  const name = say(`stage_${stage}`);
  return bloom > 0 ? say("sensitivity_flowers", { stage: name, bloom: num(bloom) }) : name;
}

/** Return a cell with its numbers; the shade only repeats what they say. */
function heatCell(cell) {
  if (!cell || cell.recall === null) return el("td", {}, "–");
  const step = Math.min(STEPS - 1, Math.floor(cell.recall * STEPS));
  return el("td", { class: `heat-${step}` },
    el("b", {}, `${num(cell.recall * 100)} %`),
    el("span", { class: "sub" }, between(cell)),
    el("span", { class: "sub" }, say("sensitivity_count", { n: num(cell.planted) })));
}

function figure(share) {
  if (share.recall === null) return "–";
  return `${percent(share.recall)} (${between(share)}, ${say("sensitivity_count", { n: num(share.planted) })})`;
}

// Whole per cents: more digits would promise more than so few patches can tell.
const between = ({ low, high }) =>
  say("sensitivity_between", { low: num(low * 100), high: num(high * 100) }).replace(" ", "\u00a0");
