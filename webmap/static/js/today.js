// A field person's day: kept on the device, answered with or without a signal.

import { addressOf, ask, bytes, clock, day, distance, el, moment, num, page, say } from "./page.js";
import { openOutbox, start } from "./outbox.js";
import { showKept, showRoom, takeAlong } from "./offline_day.js";
import { receiptLines, watchQueue } from "./queue_list.js";
import { cardOf, nearestWords } from "./today_cards.js";
import { openKeep } from "./upload_keep.js";
import { SHOT_MS, placeOfShot, timeOfShot } from "./photo_shot.js";

const part = (id) => document.getElementById(id);
const LIST = `today/${page.person}`;
const STOPS = 8;
const FRESH_MS = 120000;
const beijing = (at) => new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai" }).format(new Date(at));
let told = null;
let here = null;
let asked = 0;
let shown = 0;
const keepFiles = openKeep();

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

/** Show what waits and what was received today. */
function showHeld({ waiting, refused, sent, files }) {
  const [n, photos] = [waiting.filter(({ kind }) => kind === "entry").length, waiting.filter(({ kind }) => kind === "evidence").length];
  const words = [
    n || photos ? say("td_waits", { n: num(n), photos: num(photos) }) : "", files.length ? say("q_files", { n: num(files.length) }) : "",
    refused.length ? say("q_questions", { n: num(refused.length) }) : "",
  ].filter(Boolean);
  part("waiting").textContent = words.length ? words.join(" · ") : say("td_nothing_waits");
  part("waiting").classList.toggle("some", words.length > 0);
  const today = sent.filter((one) => beijing(one.sent_at) === beijing(Date.now()));
  const [last] = today;
  part("sent-today").textContent = say("td_first_sent", { n: num(today.length) });
  if (last) part("sent-today").append(el("span", { class: "got" }, say("td_first_receipt", { when: clock(new Date(last.sent_at).toISOString()), receipt: last.receipt })));
  part("receipts").replaceChildren(...(today.length ? receiptLines(today) : [el("li", { class: "empty" }, say("td_no_receipts"))]));
}

const outbox = openOutbox({
  heard: () => load(),
  refused: (entry, error) => { tellWords(say("td_refused", { what: entry.what, why: error.message }), true); load(); },
  changed: (n) => { if (n !== shown) { shown = n; place(); } },
});

/** Send an answer; the words of a refusal come back, and what was typed stays. */
async function send(card, path, body, what, more = {}) {
  const result = await outbox.push(path, body, what, more);
  if (result.refused) return result.refused.message;
  if (result.answer) tellWords(say("saved", { receipt: result.answer.receipt }));
  else tellWords(say(result.kept ? "kept_here" : "td_photo_lost"), !result.kept);
  // A form that is open on another card stays as it is.
  const node = part("cards").querySelector(`[data-key="${card.key}"]`);
  node?.replaceWith(cardOf(card, told.route.order.indexOf(card.key) + 1, on, enteredFor(card)));
  if (result.answer) load();
  return "";
}

/** Return whether a photo may be sent; one that is too large is said. */
function fits(file) {
  const limit = page.photo_max_mb * 1e6;
  if (file.size > limit) tellWords(say("td_photo_big", { size: bytes(file.size), limit: bytes(limit) }), true);
  return file.size <= limit;
}
const asFile = (file) => ({ name: file.name || "photo.jpg", type: file.type, blob: file });

const on = {
  step: (card, body) => send(card, `cases/${card.id}/steps`, body, say("td_step_of", { step: say(`task_${card.task}`), number: card.name })),
  // The day is that of the visit, however late it is sent.
  visit: (card, body, photos) => send(card, `sites/${card.id}/answers`, { day: beijing(Date.now()), ...body, ...placeNow() }, say("td_visit_of", { name: card.name }),
    photos.length ? { files: photos.map(asFile), photos_to: `sites/${card.id}/photos` } : {}),
  fits,
  photo: async (card, file) => {
    if (!fits(file)) return;
    const now = new Date().toISOString();
    const result = await outbox.push(`cases/${card.id}/evidence`, { kind: "photo", happened: now, taken: now, ...placeNow() },
      say("td_photo_of", { number: card.name }), { kind: "evidence", files: [asFile(file)] });
    if (result.refused) tellWords(result.refused.message, true);
    else if (result.answer) tellWords(say("saved", { receipt: result.answer.receipt }));
    else tellWords(say(result.kept ? "td_photo_kept" : "td_photo_lost"), !result.kept);
  },
};

/** Keep a photo that belongs to no case or site; it goes as an upload, from whichever page is open. */
async function plainPhoto(file) {
  if (!fits(file)) return;
  const store = await keepFiles;
  const taken = timeOfShot(file);
  const said = taken ? { taken: taken.toISOString() } : {};
  // Kept first: where the page is closed before the device knows its place, the photo goes without it.
  const kept = await store.put(file, said, page.person_name, taken ? Date.now() + SHOT_MS : 0);
  tellWords(say(kept ? "td_photo_kept" : "td_photo_lost"), !kept);
  window.dispatchEvent(new CustomEvent("carry", { detail: {} }));
  if (kept && taken) {
    const where = await placeOfShot();
    await store.tell(file, { ...said, ...where }, page.person_name);
    if (!where.lon) tellWords(say("td_photo_no_place"), true);
  }
  start();
}

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
  part("nearest").textContent = nearestWords(told.cards);
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
    // The list of whoever signed in on this device since is not this page's.
    if (found.person !== page.person_name) { window.dispatchEvent(new Event("somebody-else")); return; }
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

async function showWeek() {
  try {
    const week = await ask("field/week");
    part("week").textContent = week.tracks ? say("td_first_week", { m: distance(week.walked_m), n: week.tracks }) : say("td_first_week_none");
  } catch {
    part("week").textContent = say("td_first_week_off");
  }
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

async function takeDay() {
  if (!told) await load();
  if (!told) { part("kept").textContent = say("off_failed"); return; }
  part("take-along").disabled = true;
  await takeAlong(told, page.base, part("kept"));
  part("take-along").disabled = false;
}

async function begin() {
  const kept = read(LIST);
  if (kept?.told) { told = kept.told; place(); }
  watchQueue(part("queue"), showHeld);
  showWeek();
  showKept(part("kept"));
  showRoom(part("room"));
  const allowed = await navigator.permissions?.query({ name: "geolocation" }).catch(() => null);
  if (allowed?.state === "granted") await takePlace();
  load();
}

part("use-place").addEventListener("click", async () => { await takePlace(); load(); });
window.addEventListener("online", load);
part("take-along").addEventListener("click", takeDay);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  load();
});
part("plain-photo").addEventListener("change", ({ target }) => {
  for (const file of target.files) plainPhoto(file);
  target.value = "";
});
begin();
