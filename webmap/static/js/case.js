// One case: where it stands, what to do next, its evidence and its history, beside the map.

import { ask, day, el, page, percent, plotArea, say } from "./page.js";
import { CaseMap } from "./case_map.js";
import { evidenceForm, evidenceList } from "./case_evidence.js";
import { eventItem, factsPart, linksPart } from "./case_history.js";
import { dueWords, sinceWords, stateWords, unitName } from "./case_signs.js";
import { MAIN_STEPS, stepForm } from "./case_steps.js";
import { showSurveys } from "./case_surveys.js";
import { toldOutbox } from "./outbox.js";

const part = (id) => document.getElementById(id);
const message = part("message");
const done = part("told");
const map = new CaseMap(window.map_main);
const outbox = toldOutbox(() => show());
const PATH = `cases/${page.case}`;

function fail(words) {
  message.textContent = words;
  message.hidden = !words;
  if (words) message.scrollIntoView({ block: "nearest" });
}

function celebrate(words) {
  done.textContent = words;
  done.hidden = !words;
}

function headPart(told) {
  const [lon, lat] = told.place;
  const pairs = [
    ["case_state", [stateWords(told), el("span", { class: "sub" }, ` ${sinceWords(told)}`)]],
    ["case_unit", unitName(told.unit_code)],
    ["case_due", dueWords(told)],
    ["case_origin", say(`origin_${told.origin}`)],
    ["place", [told.areas.join(" › "), el("span", { class: "sub" }, ` ${say("place_at", { lat: lat.toFixed(6), lon: lon.toFixed(6) })}`)]],
  ];
  return el("dl", { class: "case-head" },
    ...pairs.flatMap(([key, value]) => [el("dt", {}, say(key)), el("dd", {}, value)]),
    ...(told.licence ? [el("dt", {}, say("case_licence")), el("dd", { class: "late-words" }, licenceWords(told.licence))] : []),
    ...(told.ground_m2 ? [el("dt", {}, say("area")), el("dd", {}, plotArea(told.ground_m2))] : []));
}

const licenceWords = ({ name, licence_no: number, valid_to: until, inside, share }) => [
  say(inside ? "inside_licence" : "partly_in_licence", { name, number: number ?? "–", share: percent(share) }), until ? say("licence_until", { day: day(until) }) : null,
].filter(Boolean).join(" ");

/** Send a step; the words of a refusal come back, and what was typed stays. */
async function take(body) {
  const result = await outbox.push(`${PATH}/steps`, body, say(`did_${body.action}`));
  if (result.refused) {
    if (result.refused.code === "case_changed") await show({ keepForm: true });
    return result.refused.message;
  }
  part("actions").querySelector(".step-form")?.remove();
  celebrate(result.answer ? say("saved", { receipt: result.answer.receipt }) : say("kept_here"));
  if (result.answer?.case) place(result.answer.case);
  else if (result.answer) await show();
  return "";
}

function actionsPart(told) {
  const actions = [...new Set(told.moves.map((move) => move.action))].filter((one) => !["undo", "evidence", "link", "open"].includes(one));
  const open = (action) => {
    part("actions").querySelector(".step-form")?.remove();
    const form = stepForm(told, action, take, () => form.remove());
    part("actions").append(form);
    form.querySelector("input, select, textarea")?.focus();
    form.scrollIntoView({ block: "nearest" });
  };
  const button = (action, main) => el("button", { type: "button", class: main ? "primary" : null, "data-step": action, onclick: () => open(action) }, say(`do_${action}`));
  const main = actions.filter((one) => MAIN_STEPS.includes(one));
  const other = actions.filter((one) => !MAIN_STEPS.includes(one));
  const undo = told.undo ? el("button", { type: "button", "data-step": "undo", onclick: async () => {
    const refused = await take({ action: "undo", version: told.version });
    if (refused) fail(refused);
  } }, say("do_undo", { what: say(`did_${told.undo.action}`) })) : null;
  if (!actions.length) return [el("p", { class: "hint" }, say("may_only_read"))];
  return [
    el("div", { class: "step-buttons" }, main.map((one, k) => button(one, k === 0)), undo),
    other.length ? el("details", {}, el("summary", {}, say("more_actions")), el("div", { class: "step-buttons" }, other.map((one) => button(one, false)))) : null,
  ].filter(Boolean);
}

function place(told, keepForm = false) {
  const form = keepForm ? part("actions").querySelector(".step-form") : null;
  part("head").replaceChildren(headPart(told));
  part("head").setAttribute("aria-busy", "false");
  part("actions").replaceChildren(...actionsPart(told), ...(form ? [form] : []));
  part("facts").replaceChildren(...factsPart(told));
  part("links").replaceChildren(linksPart(told), ...mergedPart(told));
  part("history").replaceChildren(...told.events.slice().reverse().map(eventItem));
  const mayAdd = told.moves.some((move) => move.action === "evidence");
  part("evidence").replaceChildren(evidenceList(told.evidence), ...(mayAdd ? [evidenceForm(page.case, () => show(), outbox)] : []));
  map.show(told);
  showSurveys(part("later-surveys"), told).catch((error) => fail(error.message));
}

function mergedPart(told) {
  const found = [];
  if (told.merged_into) found.push(el("p", {}, el("a", { href: `/cases/${told.merged_into.id}` }, say("went_into", { number: told.merged_into.number }))));
  return found;
}

async function show({ keepForm = false } = {}) {
  try {
    place(await ask(PATH), keepForm);
    fail("");
  } catch (error) {
    fail(error.message);
    part("head").setAttribute("aria-busy", "false");
  }
}

show();
