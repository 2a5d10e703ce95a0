// The checklist of a site as fields of a form: yes, no, words, or yes or no with words behind it.

import { el, say } from "./page.js";

/** Return a field for each question. */
export const questionFields = (checklist) => checklist.map((question, k) => {
  const name = `question-${k}`;
  const choice = (value) => el("label", {}, el("input", { type: "radio", name, value }), value);
  const words = el("input", { name: `${name}-words`, maxlength: 400, "aria-label": `${question} ${say("in_words")}`, placeholder: say("in_words"), autocomplete: "off" });
  return el("fieldset", { class: "question", "data-question": k }, el("legend", {}, question),
    el("div", { class: "choices" }, choice(say("f_yes")), choice(say("f_no")), el("span", { class: "words" }, words)));
});

/** Return question → answer of what was answered. */
export function answersOf(form, checklist) {
  const found = {};
  checklist.forEach((question, k) => {
    const chosen = form.elements[`question-${k}`].value;
    const words = form.elements[`question-${k}-words`].value.trim();
    const answer = [chosen, words].filter(Boolean).join(": ");
    if (answer) found[question] = answer;
  });
  return found;
}
