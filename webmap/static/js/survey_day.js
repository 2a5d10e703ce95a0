// The day a survey was flown: what it is, what it was before, and the form that corrects it.

import { day, el, moment, page, say, sentence, tell } from "./page.js";

const chinaDay = (iso) => (iso ? new Date(Date.parse(iso) + 8 * 3600e3).toISOString().slice(0, 10) : null);

function line({ before, day: now, by, at, note }) {
  const words = say("sv_day_was", { before: before ? day(before) : say("sv_day_none"), day: day(now), person: by, when: moment(at) });
  return el("li", { class: "hint" }, note ? `${words} ${say("sv_day_why", { note })}` : words);
}

/** Return the elements that tell of a survey's day; `done` hears what came of a correction. */
export function dayPart(survey, done) {
  const now = chinaDay(survey.taken);
  const told = survey.stage ? say("sv_day_stage", { day: day(now), stage: say(`stage_${survey.stage}`) }) : day(now);
  const change = (survey.days ?? []).map(line).reverse();
  return [
    el("p", {}, now ? told : el("span", { class: "mark waiting" }, say("sv_no_day"))),
    change.length ? el("ul", { class: "notes" }, change) : null,
    page.may_decide ? form(now, done) : null,
  ];
}

function form(now, done) {
  const field = el("input", { type: "date", name: "day", required: true, min: "1990-01-01", max: chinaDay(new Date().toISOString()), value: now });
  const note = el("input", { name: "note", maxlength: 500, autocomplete: "off" });
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const button = el("button", { class: "primary" }, say("sv_day_send"));
  const body = el("form", { class: "row-form", onsubmit: async (event) => {
    event.preventDefault();
    problem.hidden = true;
    button.disabled = true;
    try {
      const change = await tell(`surveys/${page.survey}/day`, { day: field.value, note: note.value });
      await done([sentence(change), ...change.problems.map(sentence)].join(" "));
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
    }
    button.disabled = false;
  } }, el("label", {}, say("sv_day_field"), " ", field), el("label", {}, say("sv_day_note"), " ", note), button, problem);
  return el("details", { open: !now }, el("summary", {}, say(now ? "sv_day_correct" : "sv_day_give")),
    el("p", { class: "hint" }, say("sv_day_hint")), body);
}
