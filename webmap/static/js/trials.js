// Seeded trials: what was laid out and found, by distance, and the figure it gives.

import { ask, day, el, num, page, percent, say, sendForm, sentence, svg, tell } from "./page.js";

const form = document.getElementById("trial-form");
const list = document.getElementById("trials");
const LINES = new Set(["foot", "vehicle", "boat", "drone"]);

/** Return the figure of a trial with its interval: a sweep width, or a rate. */
function figure({ method, result }) {
  if (!LINES.has(method)) return say("rate_of", { rate: percent(result.rate), low: percent(result.low), high: percent(result.high) });
  const end = (value) => (value === null || value === undefined ? "–" : num(value, 1));
  return result.width_m ? say("width_of", { width: num(result.width_m, 1), low: end(result.low_m), high: end(result.high_m) })
    : say("width_bounds", { low: end(result.low_m), high: end(result.high_m) });
}

/** Return the dummies on a line by their distance, found above and missed below, with half the width. */
function strip({ targets, result }) {
  const known = targets.filter(({ distance_m: metres }) => metres !== null);
  if (!known.length) return null;
  const far = Math.max(...known.map(({ distance_m: metres }) => metres), (result.width_m ?? 0) / 2, 1);
  const x = (metres) => (20 + (280 * metres) / far).toFixed(1);
  const found = known.filter((target) => target.found).length;
  const words = say("strip_words", { found: num(found), missed: num(known.length - found), far: num(far) });
  const text = (at, y, content, anchor) => {
    const node = svg("text", { x: at, y, "text-anchor": anchor });
    node.textContent = content;
    return node;
  };
  const dots = known.map(({ distance_m: metres, found: hit }) => svg("circle", { cx: x(metres), cy: hit ? 16 : 38, r: 4, class: hit ? "hit" : "miss" }));
  const half = result.width_m ? [svg("path", { d: `M${x(result.width_m / 2)} 4V52`, class: "aim" }), text(x(result.width_m / 2), 68, say("half_width"), "middle")] : [];
  return el("figure", { class: "strip" },
    svg("svg", { viewBox: "0 0 320 72", role: "img", "aria-label": words }, svg("path", { d: "M20 27H300", class: "axis" }), ...dots, ...half,
      text(20, 68, "0 m", "start"), text(300, 68, `${num(far)} m`, "end")),
    el("figcaption", { class: "sub" }, words));
}

function card(trial, adopted) {
  const { result } = trial;
  const told = el("p", { role: "status" });
  const tags = [say(`method_${trial.method}`), trial.visibility ? say(`visibility_${trial.visibility}`) : null, trial.stage ? say(`stage_${trial.stage}`) : null];
  const notes = (result.notes ?? []).map((en, k) => el("li", {}, sentence({ message: en, message_zh: result.notes_zh[k] })));
  const adopt = el("button", { type: "button", onclick: async () => {
    adopt.disabled = true;
    told.textContent = say("taking_over");
    try {
      const { looks } = await tell(`trials/${trial.id}/adopt`, {});
      told.replaceChildren(say("taken_over", { n: num(looks) }), " ", el("a", { href: "/rates" }, say("rates")));
    } catch (error) {
      told.textContent = error.message;
      adopt.disabled = false;
    }
  } }, say("adopt_trial"));
  return el("li", { "data-trial": trial.id },
    el("p", {}, el("b", {}, figure(trial)), " ", el("span", { class: "sub" }, tags.filter(Boolean).join(say("comma")))),
    el("p", { class: "sub" }, say("trial_of", { day: day(trial.day), found: num(result.found), shown: num(result.shown), patch: num(result.patch_m2), who: trial.made_by })),
    strip(trial), notes.length ? el("ul", { class: "notes" }, notes) : null,
    adopted.has(trial.id) ? el("p", { class: "good" }, say("in_the_table")) : page.may_decide ? adopt : null, told);
}

async function load() {
  const [{ trials }, { entered }] = await Promise.all([ask("trials"), ask("rates")]);
  const adopted = new Set(entered.map(({ source }) => Number(/^trial (\d+) of /.exec(source)?.[1])));
  list.replaceChildren(trials.length ? el("ul", { class: "trial-list" }, trials.map((trial) => card(trial, adopted))) : el("p", { class: "hint" }, say("no_trials")));
  list.setAttribute("aria-busy", "false");
}

function wire() {
  const told = document.getElementById("trial-told");
  const walk = document.getElementById("walk-field");
  const fit = () => {
    const line = LINES.has(form.elements.method.value);
    walk.hidden = !line;
    form.elements.walk.required = line;
    form.elements.visibility.disabled = !line;
  };
  form.elements.method.addEventListener("change", fit);
  fit();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    told.className = "hint";
    told.textContent = say("working");
    try {
      const trial = await sendForm("trials", form);
      told.textContent = figure(trial);
      await load();
    } catch (error) {
      told.textContent = error.message;
      told.className = "problem";
    }
  });
}

if (form) wire();
load().catch((error) => {
  list.replaceChildren(el("p", { class: "problem" }, error.message));
  list.setAttribute("aria-busy", "false");
});
