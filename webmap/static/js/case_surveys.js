// What later surveys show of eradicated ground: figures and a suggestion; a person decides.

import { ask, day, el, percent, say, sentence } from "./page.js";

const STATES = ["eradicated", "rechecked"];

function part(told, shown) {
  const { survey } = shown;
  return el("li", {}, el("a", { href: `/map#survey=${survey.id}` }, survey.name), ` · ${day(shown.day)} · `,
    el("b", {}, say(`survey_says_${shown.suggests ?? "nothing"}`)),
    el("span", { class: "sub" }, say("survey_saw", { share: percent(shown.seen) })),
    ...shown.reasons.map((reason) => el("span", { class: "sub" }, sentence(reason))));
}

/** Return the surveys that show a case's ground since it was eradicated, as far as they are known. */
export function laterSurveys(told) {
  const since = told.facts?.eradicated?.day;
  return since ? (told.surveys ?? []).filter((one) => one.taken && one.taken.slice(0, 10) >= since) : [];
}

/** Fill a place with what the surveys after a case's eradication show of it. */
export async function showSurveys(place, told) {
  const later = STATES.includes(told.state) ? laterSurveys(told) : [];
  place.hidden = !later.length;
  if (!later.length) return;
  const answers = await Promise.all(later.map((one) => ask(`cases/${told.id}/surveys/${one.id}`)));
  place.replaceChildren(el("h2", {}, say("later_surveys")), el("ul", { class: "link-list" }, answers.map((shown) => part(told, shown))),
    el("p", { class: "note" }, say("survey_decides_not")));
}
