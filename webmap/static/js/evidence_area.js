// Measuring the ground of a case: a track that went round it, or walking round it now.

import { el, num, plotArea, say, sentence } from "./page.js";
import { evidenceWords, followWalk } from "./evidence_send.js";

/** Return the form that adds measured ground; see `evidenceForm`. */
export function areaForm(caseId, onDone, outbox) {
  const told = el("div", { role: "status" });
  const ground = el("input", { type: "checkbox", name: "use_as_ground" });
  const walk = el("div", { class: "walk" });
  let again = null;
  const show = (words, kind) => told.replaceChildren(el("p", { class: kind }, words), ...(kind === "problem" && again ? [el("button", { type: "button", onclick: () => again() }, say("ev_again"))] : []));

  /** Send something; where it is refused it can be sent again. */
  function push(values, more = {}) {
    again = async () => {
      told.replaceChildren(el("p", { class: "hint" }, say("ev_waiting")));
      const { answer, refused } = await outbox.push(`cases/${caseId}/evidence`, { kind: "area", ...values }, evidenceWords("area"), more);
      if (refused) { show(refused.message, "problem"); return; }
      again = null;
      walk.replaceChildren(startButton());
      if (!answer) { show(say("kept_here"), "done"); return; }
      const facts = answer.evidence?.facts;
      show([say("ev_saved", { receipt: answer.receipt }), facts ? plotArea(facts.area_m2) : ""].filter(Boolean).join(" · "), "done");
      if (facts?.walk) told.append(el("p", { class: "sub" }, sentence({ message: facts.walk.assumes, message_zh: facts.walk.assumes_zh })));
      told.append(el("ul", { class: "piece-odd" }, (answer.problems ?? []).map((problem) => el("li", {}, sentence(problem)))));
      onDone();
    };
    again();
  }

  const startButton = () => el("button", { type: "button", class: "primary", onclick: start }, say("ev_walk_now"));
  function start() {
    const count = el("p", { role: "status" }, say("ev_walk_wait"));
    let found = [];
    const end = followWalk((points) => {
      found = points;
      count.textContent = say("ev_walk_points", { n: num(points.length), m: num(points[points.length - 1][3]) });
    }, () => { count.textContent = say("ev_walk_none"); count.className = "problem"; });
    const stop = () => { end(); walk.replaceChildren(startButton()); };
    const back = () => {
      end();
      push({ points: found, use_as_ground: ground.checked });
    };
    walk.replaceChildren(el("p", { class: "hint" }, say("ev_walk_hint")), count,
      el("div", { class: "end" }, el("button", { type: "button", class: "primary", onclick: back }, say("ev_walk_stop")), el("button", { type: "button", onclick: stop }, say("ev_walk_leave"))));
  }
  walk.replaceChildren(startButton());

  const input = el("input", { type: "file", class: "visually-hidden", onchange: () => {
    const [file] = input.files;
    if (!file) return;
    input.value = "";
    push(ground.checked ? { use_as_ground: 1 } : {}, { kind: "evidence", files: [{ name: file.name, type: file.type, blob: file }] });
  } });
  return el("form", { class: "step-form", "data-kind": "area", onsubmit: (event) => event.preventDefault() },
    el("div", { class: "choices" }, el("label", {}, ground, say("ev_use_as_ground"))),
    walk, el("label", { class: "button pick" }, input, say("ev_walk_file")),
    typedPart((values) => push(values),
      (words) => show(words, "problem")),
    told);
}

/** Return the fields for an area that was measured by tape or estimated by eye. */
function typedPart(send, refuse) {
  const area = el("input", { name: "area_m2", type: "number", min: 0, step: "any", inputmode: "decimal" });
  const how = el("select", { name: "area_how" }, ["measured", "estimated"].map((one) => el("option", { value: one }, say(`ev_how_${one}`))));
  const save = () => {
    if (area.value === "") refuse(say("ev_area_missing"));
    else send({ area_m2: Number(area.value), area_how: how.value });
  };
  return el("details", {}, el("summary", {}, say("ev_area_typed")),
    el("div", { class: "pair" }, el("label", {}, say("ev_area_m2"), area), el("label", {}, say("ev_area_how"), how)),
    el("button", { type: "button", onclick: save }, say("ev_send")));
}
