// One survey: its picture with patches, its check, its searches, and searching it again.

import { ask, el, moment, num, page, plotArea, say, tell } from "./page.js";
import { showRuns } from "./run_list.js";
import { dayPart } from "./survey_day.js";
import { surveyCard } from "./survey_card.js";
import { SurveyMap } from "./survey_map.js";

const LISTED = 50;
const part = (id) => document.getElementById(id);
const map = new SurveyMap(window.map_main);

function note(words, bad = false) {
  part("message").textContent = words;
  part("message").classList.toggle("problem", bad);
  part("message").hidden = false;
  part("message").scrollIntoView({ block: "nearest" });
}

function patchLine({ properties: patch }) {
  const area = plotArea(patch.area_m2);
  const licensed = patch.state === "licensed";
  const words = patch.rank ? say("sv_patch", { rank: num(patch.rank), area }) : say(licensed ? "sv_patch_licensed" : "sv_patch_unranked", { area });
  return el("li", { "data-patch": patch.id },
    el("button", { type: "button", class: "link", onclick: () => map.lookAt(patch.point) }, words));
}

async function showPatches(survey) {
  const { features } = await ask("patches", { bbox: survey.bbox.join(","), limit: 500 });
  const own = features.filter((one) => one.properties.survey_id === survey.id);
  const listed = own.slice(0, LISTED);
  const suspected = own.filter((one) => one.properties.state !== "licensed").length;
  map.patches(own);
  part("patches").replaceChildren(...listed.map(patchLine));
  part("patch-count").textContent = [
    suspected ? say("sv_patches", { n: num(suspected) }) : say("sv_patches_none"),
    own.length > suspected ? say("sv_patches_licensed", { n: num(own.length - suspected) }) : null,
    own.length > LISTED ? say("sv_patches_more", { n: num(LISTED) }) : null,
  ].filter(Boolean).join(" ");
}

async function load({ first = false } = {}) {
  try {
    const survey = await ask(`surveys/${page.survey}`);
    if (first) map.picture(survey.tiles);
    part("card").replaceChildren(...surveyCard(survey, (box) => map.look(box)),
      el("p", {}, el("a", { href: `/map#survey=${survey.id}` }, say("sv_map"))));
    part("day").replaceChildren(...dayPart({ ...survey, stage: survey.check?.fit_for.stage }, async (words) => {
      await load();
      note(words);
    }).filter(Boolean));
    part("searched").textContent = survey.detector
      ? say("sv_detector", { detector: survey.detector, when: moment(survey.detected_at) }) : say("sv_detector_none");
    part("list").textContent = survey.list
      ? say("sv_list", { n: num(survey.list.budget_per_km2), area: plotArea(survey.list.min_area_m2) }) : "";
    await showPatches(survey);
  } catch (error) {
    note(error.message, true);
  }
  part("card").setAttribute("aria-busy", "false");
}

const askRuns = showRuns(part("runs"), { query: { survey: page.survey }, none: say("sv_runs_never"), ended: load });

part("search")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { learn, budget_per_km2: budget, min_area_m2: least } = event.target.elements;
  const chosen = { learn: learn.checked };
  if (budget.value) chosen.budget_per_km2 = Number(budget.value);
  if (least.value) chosen.min_area_m2 = Number(least.value);
  part("again").disabled = true;
  try {
    await tell(`surveys/${page.survey}/detect`, chosen);
    note(say("sv_again_sent"));
    // While it runs, its end loads the page anew.
    if (!(await askRuns())) await load();
  } catch (error) {
    note(error.message, true);
  }
  part("again").disabled = false;
});
load({ first: true });
