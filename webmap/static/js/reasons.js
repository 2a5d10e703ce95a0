// Why a patch is shown: what about it is unusual, strongest first.

import { el, page, percent, say } from "./page.js";

// What is no share of the scene's plants needs another sentence.
const SENTENCES = { model: "basis_model", nir: "basis_nudge", spectrum: "basis_nudge", season: "basis_nudge" };
// What more than half of the plants reach is no reason.
const LEAST = 0.5;

/** Return the heading and list of a patch's reasons. */
export function reasonsPart(reasons) {
  const all = Object.entries(reasons).sort((a, b) => b[1] - a[1]);
  const told = all.filter(([name, value]) => value >= (SENTENCES[name] ? 0.01 : LEAST));
  const shown = told.length ? told : all.slice(0, 1);
  return [el("h2", {}, say("reasons")), el("ul", { class: "reasons" }, shown.map(reasonItem))];
}

function reasonItem([name, value]) {
  const bar = el("div", { class: "reason" });
  bar.style.width = `${Math.max(0, Math.min(1, value)) * 100}%`;
  const words = page.words[`reason_${name}`] ?? name;
  return el("li", {},
    el("div", {}, el("b", {}, words), ` · ${say(SENTENCES[name] ?? "reason_of", { share: percent(value) })}`),
    el("div", { class: "meter plain", "aria-hidden": "true" }, bar));
}
