// The surveys whose patches wait for somebody to look at them.

import { ask, day, el, num, page, say } from "./page.js";
import { arrowKeys, listRow, listTable } from "./lists.js";
import { showWaits } from "./waits.js";

const node = document.getElementById("surveys");
const message = document.getElementById("message");
const COLUMNS = [
  { words: say("survey") }, { words: say("open_patches"), number: true }, { words: say("settled_patches"), number: true },
  { words: say("like_poppy"), number: true }, { words: say("third_look"), number: true },
  ...(page.people > 1 ? [{ words: say("second_person"), number: true }] : []),
];

const row = (survey) => listRow(COLUMNS, [
  [el("a", { href: `/review/${survey.id}`, "data-main-link": true }, survey.name),
    el("span", { class: "sub" }, [survey.taken ? day(survey.taken.slice(0, 10)) : say("unknown"), say("gsd", { cm: num(survey.gsd_cm, 1) })].join(" · "))],
  num(survey.open), `${num(survey.settled)} / ${num(survey.candidates)}`, num(survey.poppy), num(survey.third),
  ...(page.people > 1 ? [num(survey.half)] : []),
], { "data-survey": survey.id });

const asked = ask("review");
showWaits(document.getElementById("waits"), asked);
asked.then(({ surveys }) => {
  const { table, body } = listTable(COLUMNS, say("review_list"));
  body.append(...surveys.map(row));
  node.replaceChildren(surveys.length ? table : el("p", { class: "hint" }, say("no_searched")));
  arrowKeys(node);
}).catch((error) => {
  message.textContent = error.message;
  message.hidden = false;
}).finally(() => node.setAttribute("aria-busy", "false"));
