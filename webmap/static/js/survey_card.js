// What the panel shows of a survey: what its picture is fit for and what to do better.

import { changesPart } from "./changes.js";
import { el, moment, num, percent, plotArea, say, sentence } from "./page.js";
import { sensitivityPart } from "./sensitivity.js";

const WEIGHTS = ["stop", "warn", "note"];

/** Return the elements that tell of a survey; `fly` goes to a box. */
export function surveyCard(survey, fly) {
  const when = survey.taken ? say("taken", { day: moment(survey.taken) }) : null;
  return [
    el("h1", {}, survey.name),
    el("p", { class: "sub" }, [say("picture"), when, say("gsd", { cm: num(survey.gsd_cm, 1) })].filter(Boolean).join(" · ")),
    el("dl", {}, el("dt", {}, say("area")), el("dd", {}, plotArea(survey.valid_area_m2))),
    survey.detector ? el("p", {}, el("a", { class: "button", href: `/review/${survey.id}` }, say("survey_review"))) : null,
    ...changesPart(survey, fly),
    ...checkPart(survey),
    ...sensitivityPart(survey),
  ].filter(Boolean);
}

/** Return the elements that tell of a survey's check: figures, then advice, what matters most first. */
export function checkPart({ check }) {
  const head = el("h2", {}, say("survey_check"));
  if (!check) return [head, el("p", { class: "hint" }, say("survey_unchecked"))];
  const { fit_for: fit, quality, advice } = check;
  const blur = quality.sharpness ? say("blur_of", { n: num(quality.sharpness.blur_px, 1) }) : say("unknown");
  const rows = [
    [say("fit"), say(fit.ready ? "fit_ready" : "fit_not_ready")],
    [say("true_detail"), say("gsd", { cm: num(fit.effective_gsd_cm, 1) })],
    [say("blur"), blur],
    [say("patches_from"), plotArea(fit.patches_from_m2)],
  ];
  if (quality.seams) rows.push([say("seams"), say("seams_of", { share: percent(quality.seams.window_share) })]);
  const told = [...advice].sort((a, b) => WEIGHTS.indexOf(a.weight) - WEIGHTS.indexOf(b.weight));
  return [
    head,
    el("dl", {}, rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
    el("ul", { class: "advice" }, told.map((one) => el("li", {}, sentence(one)))),
  ];
}
