// The cards of a field person's day: what to do, where, by when, and the forms that answer them.

import { bytes, day, distance, el, landArea, num, say, svg } from "./page.js";
import { stateSign } from "./case_signs.js";
import { stepForm } from "./case_steps.js";
import { answersOf, questionFields } from "./site_checklist.js";
import { siteSquare } from "./site_signs.js";

const WAYS = ["td_north", "td_northeast", "td_east", "td_southeast", "td_south", "td_southwest", "td_west", "td_northwest"];

const wayOf = (bearing) => say(WAYS[Math.round(bearing / 45) % 8]);

function signOf(card) {
  if (card.kind === "case") return stateSign(card.state, card.overdue_days > 0);
  if (card.kind === "site") return siteSquare(card.state);
  const hatched = svg("path", { d: "M3 5h18v14H3zM3 12l7-7M3 19L17 5M10 19L21 8", class: "gap-sign" });
  return svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, hatched);
}

function stateWords(card) {
  if (card.kind === "case") return say(`state_${card.state}`);
  return card.kind === "site" ? say(`site_state_${card.state}`) : `${say("wk_gap_state")} · ${landArea(card.area_m2)}`;
}

function dueWords(card) {
  if (card.overdue_days > 0) return el("p", { class: "late-words" }, say("wk_days_late", { n: num(card.overdue_days) }));
  if (card.deadline) return el("p", {}, say("due_on", { day: day(card.deadline) }));
  return card.kind === "gap" ? null : el("p", {}, say("wk_no_day"));
}

/** Return the nearest task in words, or that there is none. */
export function nearestWords(cards) {
  const [card] = cards;
  if (!card) return say("td_first_none");
  const words = say("td_first_task", { task: say(`task_${card.task}`), name: card.kind === "gap" ? card.area : card.name });
  return card.distance_m === undefined ? words : `${words} · ${say("td_first_far", { m: distance(card.distance_m), way: wayOf(card.bearing_deg) })}`;
}

/** Return the address that a phone's own map opens. */
function geoLink({ place: [lon, lat], name }) {
  const at = `${lat.toFixed(6)},${lon.toFixed(6)}`;
  return `geo:${at}?q=${at}(${encodeURIComponent(name)})`;
}

/**
 * Return a card.
 * @param card what the server told of it
 * @param stop its number on the way; 0 off it
 * @param on what to do: step(card, body), visit(card, body, photos), photo(card, file), fits(file)
 * @param entered words of what was entered and waits; empty otherwise
 */
export function cardOf(card, stop, on, entered) {
  const place = el("div", { class: "card-form" });
  const toggle = (button, make) => button.addEventListener("click", () => {
    const open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    if (open) { place.replaceChildren(); return; }
    const shut = () => { place.replaceChildren(); button.setAttribute("aria-expanded", "false"); button.focus(); };
    place.replaceChildren(make(shut));
    place.querySelector("input, select, textarea")?.focus();
  });
  const far = card.distance_m === undefined ? null : el("p", { class: "away" }, say("td_away", { m: distance(card.distance_m), way: wayOf(card.bearing_deg) }));
  const node = el("li", { class: "day-card", "data-key": card.key, "data-kind": card.kind },
    el("div", { class: "card-head" }, signOf(card),
      el("h2", {}, `${say(`task_${card.task}`)} `, el("span", { class: "card-name" }, card.kind === "gap" ? card.area : card.name)),
      stop ? el("span", { class: "stop", "aria-label": say("td_stop", { n: stop }) }, String(stop)) : null),
    card.kind === "gap" ? null : el("p", { class: "what" }, card.what),
    el("p", {}, stateWords(card), card.area && card.kind !== "gap" ? ` · ${card.area}` : ""),
    dueWords(card), far,
    entered ? el("p", { class: "done", role: "status" }, entered) : null);
  node.append(el("div", { class: "card-buttons" }, ...mainButtons(card, on, entered, toggle),
    el("a", { class: "button", href: geoLink(card), "data-do": "navigate" }, say("td_navigate")),
    el("a", { class: "button", href: card.link }, say("td_open"))), place);
  return node;
}

function mainButtons(card, on, entered, toggle) {
  if (card.kind === "gap") return [];
  const words = card.kind === "site" ? say("td_answer") : say(`task_${card.task}`);
  const may = card.kind === "site" || card.moves.some((move) => move.action === card.task);
  if (!may) return [el("p", { class: "hint" }, say("td_not_yours"))];
  const main = el("button", { type: "button", class: "primary", "data-do": card.task, "aria-expanded": "false", hidden: Boolean(entered) }, words);
  toggle(main, (shut) => (card.kind === "site"
    ? siteForm(card, on, shut)
    : stepForm({ ...card, title: card.what }, card.task, (body) => on.step(card, body), shut)));
  return card.kind === "case" ? [main, photoButton(card, on)] : [main];
}

/** Return a button that opens the camera. */
function cameraButton(words, taken) {
  const input = el("input", { type: "file", accept: "image/*", capture: "environment", class: "visually-hidden", onchange: () => {
    for (const file of input.files) taken(file);
    input.value = "";
  } });
  return el("label", { class: "button pick" }, input, words);
}

const photoButton = (card, on) => cameraButton(say("td_photo"), (file) => on.photo(card, file));

/** Return the checklist of a site as a form, with its photos. */
function siteForm(card, on, cancel) {
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const list = el("ul", { class: "taken" });
  const photos = [];
  const take = (file) => {
    if (!on.fits(file)) return;
    photos.push(file);
    const row = el("li", {}, `${file.name || "photo.jpg"} (${bytes(file.size)}) `, el("button", { type: "button", onclick: () => {
      photos.splice(photos.indexOf(file), 1);
      row.remove();
    } }, say("td_photo_off")));
    list.append(row);
  };
  return el("form", { class: "step-form", "data-action": "visit", onsubmit: async (event) => {
    event.preventDefault();
    const { suspicious, note } = event.target.elements;
    const refused = await on.visit(card, { answers: answersOf(event.target, card.checklist), suspicious: suspicious.checked, note: note.value.trim() }, photos);
    problem.textContent = refused;
    problem.hidden = !refused;
  } }, ...questionFields(card.checklist),
  el("div", { class: "choices" }, el("label", {}, el("input", { type: "checkbox", name: "suspicious" }), say("td_suspicious"))),
  el("label", {}, say("td_note"), el("textarea", { name: "note", rows: 3, maxlength: 2000 })),
  el("p", { class: "card-buttons" }, cameraButton(say("td_photo"), take)), list, problem,
  el("div", { class: "end" }, el("button", { type: "submit", class: "primary" }, say("td_send")), el("button", { type: "button", onclick: cancel }, say("td_cancel"))));
}
