// A field person's day: kept on the device, answered with or without a signal.

import { addressOf, ask, bytes, clock, day, distance, el, moment, num, page, say } from "./page.js";
import { openOutbox } from "./outbox.js";
import { openPhotoOutbox } from "./photo_outbox.js";
import { cardOf } from "./today_cards.js";

const part = (id) => document.getElementById(id);
const LIST = `today/${page.person}`;
const SENT = `today-sent/${page.person}`;
const STOPS = 8;
const FRESH_MS = 120000;
const beijing = (at) => new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai" }).format(new Date(at));
let told = null;
let here = null;
let asked = 0;
let photos = null;

const read = (key) => {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
};
const keep = (key, value) => {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Without room on the device the list lasts as long as the page.
  }
};

function tellWords(words, bad = false) {
  part("told").textContent = words;
  part("told").className = bad ? "problem" : "done";
  part("told").hidden = !words;
}

const sentToday = () => (read(SENT) ?? []).filter((one) => beijing(one.at) === beijing(Date.now()));

function received(what, receipt) {
  const sent = sentToday();
  if (!sent.some((one) => one.receipt === receipt)) keep(SENT, [{ at: Date.now(), what, receipt }, ...sent]);
  showSent();
}

function showSent() {
  const [n, kept] = [outbox.waiting.length, photos ? photos.waiting.length : 0];
  part("waiting").textContent = n || kept ? say("td_waits", { n: num(n), photos: num(kept) }) : say("td_nothing_waits");
  part("waiting").classList.toggle("some", Boolean(n || kept));
  const sent = sentToday();
  part("receipts").replaceChildren(...(sent.length
    ? sent.map((one) => el("li", {}, say("td_receipt", { when: clock(new Date(one.at).toISOString()), what: one.what, receipt: one.receipt })))
    : [el("li", { class: "empty" }, say("td_no_receipts"))]));
}

const outbox = openOutbox({
  heard: (entry, answer) => { received(entry.what, answer.receipt); load(); },
  refused: (entry, error) => { tellWords(say("td_refused", { what: entry.what, why: error.message }), true); showSent(); load(); },
  changed: () => showSent(),
});

const photoOutbox = openPhotoOutbox({
  heard: (entry, answer) => received(entry.what, answer.receipt),
  refused: (entry, error) => tellWords(say("td_refused", { what: entry.what, why: error.message }), true),
  changed: () => showSent(),
});

/** Send an answer; the words of a refusal come back, and what was typed stays. */
async function send(card, path, body, what) {
  const result = await outbox.push(path, body, what);
  if (result.refused) return result.refused.message;
  if (result.answer) {
    received(what, result.answer.receipt);
    tellWords(say("saved", { receipt: result.answer.receipt }));
  } else {
    tellWords(say("kept_here"));
  }
  // A form that is open on another card stays as it is.
  const node = part("cards").querySelector(`[data-key="${card.key}"]`);
  node?.replaceWith(cardOf(card, told.route.order.indexOf(card.key) + 1, on, enteredFor(card)));
  if (result.answer) load();
  return "";
}

const on = {
  step: (card, body) => send(card, `cases/${card.id}/steps`, body, say("td_step_of", { step: say(`task_${card.task}`), number: card.name })),
  visit: (card, body) => send(card, `sites/${card.id}/answers`, { ...body, ...placeNow() }, say("td_visit_of", { name: card.name })),
  photo: async (card, file) => {
    const limit = page.photo_max_mb * 1e6;
    if (file.size > limit) {
      tellWords(say("td_photo_big", { size: bytes(file.size), limit: bytes(limit) }), true);
      return;
    }
    const now = new Date().toISOString();
    const kept = await (await photoOutbox).push(card.id, file, say("td_photo_of", { number: card.name }), { happened: now, taken: now, ...placeNow() });
    tellWords(say(kept ? "td_photo_kept" : "td_photo_lost"), !kept);
  },
};

/** Return where the device was a moment ago as what the sender says; nothing where that is not known. */
const placeNow = () => (here && Date.now() - here.at < FRESH_MS ? { lon: here.lon, lat: here.lat } : {});

/** Return words of what was entered for a card and still waits. */
function enteredFor(card) {
  const path = card.kind === "case" ? `cases/${card.id}/steps` : `sites/${card.id}/answers`;
  const entry = card.kind === "gap" ? null : outbox.waiting.find((one) => one.path === path);
  return entry ? say("td_done", { what: entry.what }) : "";
}

function place() {
  if (!told || document.querySelector(".card-form form")) return;
  const { order, length_m: metres, stops } = told.route;
  part("counts").textContent = say("td_counts", {
    day: day(told.as_of), cases: num(told.counts.cases), sites: num(told.counts.sites), overdue: num(told.counts.overdue), gaps: num(told.counts.gaps),
  });
  part("route").textContent = stops ? say("td_route", { n: stops, m: distance(metres) }) : "";
  part("cards").replaceChildren(...(told.cards.length
    ? told.cards.map((card) => cardOf(card, order.indexOf(card.key) + 1, on, enteredFor(card)))
    : [el("li", { class: "hint empty" }, say("td_empty"))]));
  part("start").textContent = told.start_from === "area" ? say("td_from_area") : told.start === null ? say("td_no_start") : part("start").textContent;
  const [lon, lat] = told.start_from === "phone" ? told.start : [null, null];
  part("gpx").href = addressOf("/api/v1/today.gpx", { lon, lat, stops: STOPS });
}

async function load() {
  const mine = ++asked;
  try {
    const found = await ask("today", { lon: here?.lon ?? null, lat: here?.lat ?? null, stops: STOPS });
    if (mine !== asked) return;
    told = found;
    keep(LIST, { told, at: Date.now() });
    part("offline").hidden = true;
    if (told.start_from === "phone") part("start").textContent = here ? say("td_from_phone", { m: num(here.accuracy) }) : say("td_from_kept");
  } catch (error) {
    if (mine !== asked) return;
    const kept = read(LIST);
    told ??= kept?.told ?? null;
    const words = kept ? say("td_offline", { when: moment(new Date(kept.at).toISOString()) }) : say("td_offline_empty");
    part("offline").textContent = error.status ? error.message : words;
    part("offline").hidden = false;
  } finally {
    part("cards").setAttribute("aria-busy", "false");
  }
  place();
}

function takePlace() {
  return new Promise((resolve) => {
    if (!navigator.geolocation) { resolve(); return; }
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      here = { lon: Number(coords.longitude.toFixed(6)), lat: Number(coords.latitude.toFixed(6)), accuracy: coords.accuracy, at: Date.now() };
      resolve();
    }, () => { if (!here) part("start").textContent = say("no_place"); resolve(); }, { enableHighAccuracy: true, timeout: 10000, maximumAge: 60000 });
  });
}

async function begin() {
  const kept = read(LIST);
  if (kept?.told) { told = kept.told; place(); }
  photos = await photoOutbox;
  showSent();
  const allowed = await navigator.permissions?.query({ name: "geolocation" }).catch(() => null);
  if (allowed?.state === "granted") await takePlace();
  load();
}

part("use-place").addEventListener("click", async () => { await takePlace(); load(); });
window.addEventListener("online", load);
document.addEventListener("visibilitychange", () => { if (!document.hidden) load(); });
begin();
