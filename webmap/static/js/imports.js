// Uploads that wait for a person's answer: each with its question, answered in place.

import { answered, answerForm } from "./answer_forms.js";
import { ask, el, moment, num, say, sentence, tell } from "./page.js";

const part = (id) => document.getElementById(id);
const form = part("choose");
let listed = [];

function note(words, bad = false) {
  part("message").textContent = words;
  part("message").classList.toggle("problem", bad);
  part("message").hidden = !words;
}

const link = (kind, n) => (kind === "survey_day"
  ? el("a", { href: `/surveys/${n}` }, say("im_survey_link", { n })) : el("a", { href: `/tracks/${n}` }, say("im_track_link", { n })));

function question(one) {
  const links = one.records.slice(0, 10).flatMap((n) => [" ", link(one.kind, n)]);
  return el("p", {}, el("span", { class: "kind" }, say(`im_kind_${one.kind}`)), ` · ${sentence(one)}`, ...links);
}

function line(told) {
  const result = told.result ?? {};
  const problems = (result.problems ?? []).filter((problem) => problem.code === "member_refused");
  const item = el("li", { "data-receipt": told.receipt });
  const place = el("div", { class: "answer", hidden: true });
  const tagged = told.questions.some((one) => one.tag);
  const aside = told.questions.some((one) => ["crs", "columns", "parts", "file"].includes(one.kind));
  const open = el("button", { type: "button", class: "primary", "aria-expanded": "false", "aria-label": say("im_open_of", { name: told.name }) }, say("im_open"));
  open.addEventListener("click", () => unfold(told, place, open));
  item.append(el("h2", {}, told.name),
    el("p", { class: "hint" }, say("im_sent", { person: told.sender, when: moment(told.received_at) })),
    told.status === "refused" ? refusal(result, tagged) : "",
    ...problems.map((problem) => el("p", { class: "hint" }, sentence(problem))),
    ...told.questions.map(question),
    told.may_answer ? el("div", { class: "actions" },
      tagged ? open : null,
      aside ? el("button", { type: "button", "aria-label": say("im_aside_of", { name: told.name }), onclick: () => send(told, { set_aside: true }) }, say("im_aside")) : null,
    ) : el("p", { class: "hint" }, say("im_look_only")),
    place);
  return item;
}

/** Return why a file could not be read; where a question says it in short, the whole is folded away. */
function refusal(result, asked) {
  const whole = el("p", {}, sentence(result));
  return asked ? el("details", { class: "assumed" }, el("summary", {}, say("im_whole")), whole) : whole;
}

async function unfold(told, place, open) {
  const opening = place.hidden;
  place.hidden = !opening;
  open.setAttribute("aria-expanded", String(opening));
  open.textContent = say(opening ? "im_close" : "im_open");
  if (!opening || place.childElementCount) return;
  try {
    const asked = await ask(`receipts/${told.receipt}/questions`);
    place.replaceChildren(...asked.questions.filter((one) => one.tag).map((one) => answerForm(one, asked, send)));
    place.querySelector("input, select")?.focus();
  } catch (error) {
    place.replaceChildren(el("p", { class: "problem", role: "alert" }, error.message));
  }
}

async function send(told, said, { problem = null, button = null } = {}) {
  if (button) button.disabled = true;
  try {
    await answered(told, said, note);
    await load();
  } catch (error) {
    if (!problem) note(error.message, true);
    else {
      problem.textContent = error.message;
      problem.hidden = false;
    }
  }
  if (button) button.disabled = false;
}

function show() {
  const kind = form.elements.kind.value;
  const found = listed.filter((told) => !kind || told.questions.some((one) => one.kind === kind));
  part("imports").replaceChildren(...found.map(line));
  part("count").textContent = found.length ? say("im_count", { n: num(found.length) }) : say(listed.length ? "im_none_such" : "im_none");
}

async function load() {
  try {
    ({ imports: listed } = await ask("imports", { mine: form.elements.mine.checked ? 1 : null }));
    show();
  } catch (error) {
    note(error.message, true);
  }
  part("imports").setAttribute("aria-busy", "false");
}

function choose() {
  const given = new URLSearchParams();
  if (form.elements.kind.value) given.set("kind", form.elements.kind.value);
  if (form.elements.mine.checked) given.set("mine", "1");
  history.replaceState(null, "", given.size ? `?${given}` : location.pathname);
}

const given = new URLSearchParams(location.search);
form.elements.kind.value = given.get("kind") ?? "";
if (form.elements.kind.selectedIndex < 0) form.elements.kind.value = "";
form.elements.mine.checked = given.get("mine") === "1";
form.elements.kind.addEventListener("change", () => { choose(); show(); });
form.elements.mine.addEventListener("change", () => { choose(); load(); });
form.addEventListener("submit", (event) => event.preventDefault());
part("retry-all")?.addEventListener("click", async () => {
  try {
    const { retried } = await tell("jobs/retry-failed", {});
    note(retried.length ? say("im_retried", { n: retried.length }) : say("im_retried_none"));
    await load();
  } catch (error) {
    note(error.message, true);
  }
});
load();
