// Searches of pictures as lines with their state and true progress, asked again while one lives.

import { ask, duration, el, moment, num, page, plotArea, say, sentence } from "./page.js";

const LIVE_MS = 2000;
const words = (text) => (page.words.language === "zh_CN" ? text.zh : text.en);
const lives = (run) => ["waiting", "running"].includes(run.state);

/** Return in words with what a search was told to run, as far as it was not the usual. */
function settingsOf({ settings }) {
  if (!settings) return [];
  const { budget_per_km2: budget, min_area_m2: least, learn } = settings;
  return [
    budget ? say("sv_run_budget", { n: num(budget) }) : null,
    least ? say("sv_run_least", { area: plotArea(least) }) : null,
    learn === false ? say("sv_run_unlearnt") : null,
  ];
}

function facts(run) {
  const took = run.ended_at && run.started_at ? (new Date(run.ended_at) - new Date(run.started_at)) / 1000 : null;
  return [
    run.state === "running" && run.phase ? words(run.phase) : null,
    run.state === "running" && run.share !== null ? `${num(run.share * 100)} %` : null,
    run.state === "waiting" && run.place ? say("jb_place", { n: run.place }) : null,
    run.patches === null || run.patches === undefined ? null : say("sv_run_patches", { n: num(run.patches) }),
    ...settingsOf(run),
    run.person ? say("jb_by", { person: run.person }) : null,
    run.ended_at ? say("jb_ended", { when: moment(run.ended_at) }) : say("jb_sent", { when: moment(run.created_at) }),
    run.state === "done" && took !== null ? say("jb_took", { time: duration(took) }) : null,
  ].filter(Boolean).join(" · ");
}

function line(run) {
  const title = [words(run.kind_name), run.name].filter(Boolean).join(": ");
  return el("li", { "data-state": run.state },
    el("div", {}, el("span", { class: `job-state state-${run.state}` }, say(`jb_${run.state}`)), " ",
      run.survey ? el("a", { href: `/surveys/${run.survey}` }, title) : title),
    run.state === "running" ? el("progress", { max: 1, value: run.share ?? undefined, "aria-label": title }) : null,
    run.error && run.state === "failed" ? el("div", { class: "problem" }, sentence(run.error)) : null,
    el("div", { class: "hint" }, facts(run)));
}

/**
 * Keep a list of searches as the server has them.
 * @param query of the list; `none` is said of an empty one
 * @param ended what to do when the last living one has ended
 * @returns a function that asks at once and says whether one lives
 */
export function showRuns(node, { query = {}, none, ended = () => {} }) {
  let lived = false;
  let timer = null;
  async function show() {
    clearTimeout(timer);
    let living = lived;
    try {
      const { runs } = await ask("runs", { limit: 20, ...query });
      node.replaceChildren(...(runs.length ? runs.map(line) : [el("li", { class: "hint" }, none)]));
      living = runs.some(lives);
      if (lived && !living) ended();
      lived = living;
    } catch (error) {
      if (error.status) node.replaceChildren(el("li", { class: "problem" }, error.message));
    }
    node.setAttribute("aria-busy", "false");
    if (living) timer = setTimeout(() => (document.hidden ? null : show()), LIVE_MS);
    return living;
  }
  document.addEventListener("visibilitychange", () => !document.hidden && lived && show());
  show();
  return show;
}
