// From patches to their cases: a link to the case there is, or a button that opens one.

import { ask, el, num, percent, say, tell } from "./page.js";
import { newId } from "./outbox.js";

const caseLink = (one) => el("a", { href: `/cases/${one.id}`, "data-case": one.id }, say("case_known", one));

// What was done on this page, by what it was done for: lists are filled anew while one works.
const done = new Map();

/**
 * Return a button that makes cases, beside or in the place of which stands what became of it.
 * @param key what it is for; all such buttons of the page say the same
 * @param told returns nodes for the answer
 * @param stays whether it can be used again
 */
function doing(key, words, body, told, stays = false) {
  const box = el("div", { class: "case-part", role: "status", "data-case-of": key });
  const show = (trouble = null) => {
    const answer = done.get(key);
    const button = el("button", { type: "button", class: "case-button", onclick: () => act(button) }, words);
    const problem = trouble ? el("span", { class: "problem", role: "alert" }, trouble) : null;
    box.replaceChildren(...[...(answer ? told(answer) : []), answer && !stays ? null : button, problem].filter(Boolean));
  };
  async function act(button) {
    button.disabled = true;
    try {
      done.set(key, await tell("cases/from-patches", { ...body, client_id: newId() }));
      show();
      for (const other of document.querySelectorAll(`[data-case-of="${key}"]`)) other.dispatchEvent(new Event("made"));
    } catch (error) {
      show(error.message);
    }
  }
  box.addEventListener("made", () => show());
  show();
  return box;
}

const firstCase = ({ opened, linked, known }) => [caseLink([...opened, ...linked, ...known][0])];

/** Return a button that opens the case of one patch, or a link to it. */
export const caseButton = (patch, words = say("case_open")) => doing(String(patch), words, { patches: [patch] }, firstCase);

/** Learn which of some patches have a case, so that their buttons are links. */
export async function learnCases(patches) {
  const new_ = patches.filter((patch) => !done.has(String(patch)));
  if (!new_.length) return;
  const { known } = await ask("cases/proposal", { patches: new_.join(",") });
  for (const one of known) done.set(String(one.patch), { opened: [], linked: [], known: [one.case] });
}

/** Return a button that opens cases for what review settled as poppy on a survey. */
export const settledButton = (survey) => doing(`settled-${survey}`, say("case_settled"), { survey, settled: true }, ({ opened, linked, known }) => {
  const patches = known.reduce((sum, one) => sum + one.patches.length, 0);
  return [
    el("span", {}, say("case_made", { opened: num(opened.length), linked: num(linked.length), known: num(patches) })), " ",
    ...[...opened, ...linked].slice(0, 10).flatMap((one) => [caseLink(one), " "]),
  ];
}, true);

/** Return the part of a patch's card that tells of its case. */
export function casePart(patch) {
  const box = el("div", { class: "case-part", "aria-live": "polite" });
  ask("cases/proposal", { patches: patch }).then((told) => box.replaceChildren(...proposed(patch, told))).catch(() => box.remove());
  return box;
}

function proposed(patch, { known, joins, plots, may_open: mayOpen }) {
  if (known.length) return [el("p", {}, caseLink(known[0].case))];
  const [join] = joins;
  if (join) {
    const near = join.distance_m > 0 ? say("case_joins", { m: num(join.distance_m, 1) }) : say("case_joins_ground");
    return [el("p", {}, near, " ", caseLink(join.case)), mayOpen ? caseButton(patch, say("case_link_to", join.case)) : null].filter(Boolean);
  }
  const [plot] = plots;
  const { licence, before } = plot;
  return [
    before.length ? el("p", { class: "hint" }, say("case_before", { numbers: before.map((one) => one.number).join(", ") })) : null,
    licence ? el("p", { class: "lead" }, say("case_licence", { share: percent(licence.share), name: licence.licence_no ?? licence.name })) : null,
    mayOpen ? caseButton(patch) : null,
  ].filter(Boolean);
}
