// What one's own files ask: answered on the page of what one sent, without a way to the desk's pages.

import { answered, answerForm } from "./answer_forms.js";
import { ask, el, say, sentence } from "./page.js";

const section = document.getElementById("asked");
const list = document.getElementById("asked-list");
const status = document.getElementById("asked-status");

function note(words, bad = false) {
  status.textContent = words;
  status.classList.toggle("problem", bad);
}

async function send(told, said, { problem, button }) {
  button.disabled = true;
  try {
    await answered(told, said, note);
    await load();
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
  }
  button.disabled = false;
}

function line(told) {
  const place = el("div", { class: "answer", hidden: true });
  const open = el("button", { type: "button", "aria-expanded": "false", "aria-label": say("im_open_of", { name: told.name }) }, say("im_open"));
  open.addEventListener("click", async () => {
    place.hidden = !place.hidden;
    open.setAttribute("aria-expanded", String(!place.hidden));
    open.textContent = say(place.hidden ? "im_open" : "im_close");
    if (place.hidden || place.childElementCount) return;
    try {
      const asked = await ask(`receipts/${told.receipt}/questions`);
      place.replaceChildren(...asked.questions.filter((one) => one.tag).map((one) => answerForm(one, asked, send)));
      place.querySelector("input, select")?.focus();
    } catch (error) {
      place.replaceChildren(el("p", { class: "problem", role: "alert" }, error.message));
    }
  });
  return el("li", { "data-receipt": told.receipt }, el("h3", {}, told.name),
    ...told.questions.filter((one) => one.tag).map((one) => el("p", {}, el("span", { class: "kind" }, say(`im_kind_${one.kind}`)), ` · ${sentence(one)}`)),
    open, place);
}

/** Show which of one's own files ask for something that their sender can say. */
async function load() {
  const { imports } = await ask("imports", { mine: 1 });
  const open = imports.filter((one) => one.may_answer && one.questions.some(({ tag }) => tag));
  list.replaceChildren(...open.map(line));
  section.hidden = !open.length && !status.textContent;
}
load().catch(() => { section.hidden = true; });
