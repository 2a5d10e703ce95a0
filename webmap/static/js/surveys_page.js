// The list of surveys: what each is good for, whether it was searched, what is left to review.

import { ask, day, el, num, percent, plotArea, say } from "./page.js";
import { arrowKeys, listRow, listTable } from "./lists.js";
import { showRuns } from "./run_list.js";

const part = (id) => document.getElementById(id);
const form = part("filters");
const list = part("list");
const wanted = Object.fromEntries([...new URLSearchParams(location.search)].filter(([name, value]) => value && form.elements[name]));
const COLUMNS = [
  { words: say("sv_name") }, { words: say("sv_taken") }, { words: say("sv_gsd"), number: true },
  { words: say("sv_area"), number: true }, { words: say("sv_fit") }, { words: say("sv_searched") },
  { words: say("sv_open"), number: true }, { words: say("sv_share"), number: true },
];
const { table, body } = listTable(COLUMNS, say("surveys"));
let cursor = null;
let open = null;

function found({ sensitivity }) {
  if (!sensitivity || sensitivity.recall === null) return say("sv_share_none");
  const { recall, low, high } = sensitivity;
  const share = `${percent(recall)} (${num(low * 100)}–${num(high * 100)} %)`;
  return sensitivity.outdated ? say("sv_share_old", { share }) : share;
}

function row(survey) {
  const fit = survey.fit === null ? say("sv_unchecked") : say(survey.fit ? "sv_yes" : "sv_no");
  const searched = survey.run === "waiting" || survey.run === "running" ? say(`jb_${survey.run}`)
    : survey.detected_at ? day(survey.detected_at.slice(0, 10)) : say("sv_not_searched");
  return listRow(COLUMNS, [
    el("a", { href: `/surveys/${survey.id}`, "data-main-link": true }, survey.name),
    survey.taken ? day(survey.taken.slice(0, 10)) : el("span", { class: "mark waiting" }, say("sv_no_day")),
    say("sv_cm", { n: num(survey.gsd_cm, 1) }), plotArea(survey.valid_area_m2), fit, searched,
    el("span", { "data-open": survey.id }, survey.detected_at ? "…" : "–"), found(survey),
  ], { "data-survey": survey.id });
}

/** Put in how many patches wait for a look; the review queue counts them. */
async function count() {
  open ??= ask("review").then(({ surveys }) => new Map(surveys.map((one) => [String(one.id), one])));
  const known = await open;
  for (const node of body.querySelectorAll("[data-open]")) {
    const survey = known.get(node.dataset.open);
    if (survey) node.replaceChildren(el("a", { href: `/review/${survey.id}` }, `${num(survey.open)} / ${num(survey.candidates)}`));
    else node.textContent = "–";
  }
}

async function load() {
  try {
    const told = await ask("survey-list", { ...wanted, cursor, limit: 50 });
    body.append(...told.surveys.map(row));
    cursor = told.next;
    part("more").hidden = !cursor;
    const none = say(Object.keys(wanted).length ? "sv_none_such" : "sv_none");
    part("count").textContent = told.total ? say("sv_count", { shown: num(body.childElementCount), n: num(told.total) }) : none;
    list.replaceChildren(...(told.total ? [table] : []));
    if (told.total) await count();
  } catch (error) {
    part("message").textContent = error.message;
    part("message").hidden = false;
  }
  list.setAttribute("aria-busy", "false");
}

for (const [name, value] of Object.entries(wanted)) form.elements[name].value = value;
form.elements.state.addEventListener("change", () => form.requestSubmit());
// An address without empty fields is one that people can pass on.
form.addEventListener("formdata", (event) => {
  for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name);
});
part("more").addEventListener("click", load);
arrowKeys(list);
load();
showRuns(part("runs"), { none: say("sv_runs_none") });
