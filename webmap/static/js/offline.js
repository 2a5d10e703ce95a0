// On every page of somebody who has signed in: the service worker, sending what waits on this device, and
// what a sign-out or another person's session takes from it. What waits stays for the person who made it.

import "./carry.js";

const { carry } = self;
const { words, person, name } = JSON.parse(document.getElementById("frame").textContent);
const say = (key, n = 0) => (words[key] ?? key).replace("{n}", String(n));
const PERSON = "offline-person";
const AGAIN_MS = 8000;
const tag = document.querySelector('meta[name="offline-tag"]')?.content ?? "";
const TAG = "offline-tag";
const LISTS = ["today/", "today-sent/"];
const INSTALL_MS = 15000;

function clearLists() {
  try {
    for (const key of Object.keys(localStorage)) if (LISTS.some((start) => key.startsWith(start))) localStorage.removeItem(key);
    localStorage.removeItem(TAG);
  } catch {
    // Without a store nothing was kept.
  }
  carry.forgetSent();
}

try {
  const before = localStorage.getItem(TAG);
  if (tag && before !== tag) {
    // The same person's new session after an ended one keeps the lists and receipts.
    if (before && localStorage.getItem(PERSON) !== String(person)) clearLists();
    localStorage.setItem(TAG, tag);
  }
  if (tag) localStorage.setItem(PERSON, String(person));
} catch {
  // Without a store nothing was kept.
}

/** Return the worker that is at work; null where the browser, plain http or the time allows none. */
export async function workerOf() {
  if (!navigator.serviceWorker || !window.isSecureContext) return null;
  const late = new Promise((resolve) => { setTimeout(() => resolve(null), INSTALL_MS); });
  const ready = await Promise.race([navigator.serviceWorker.ready, late]);
  return ready?.active ?? null;
}

/** Ask the worker something; `heard` gets what it tells before its answer. */
export async function askWorker(message, heard = () => null) {
  const worker = await workerOf();
  if (!worker) return null;
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => (data && !data.ended && data.done ? heard(data) : resolve(data));
    worker.postMessage(message, [port2]);
  });
}

/** Ask the browser to wake the worker once there is a signal; where it can't, the next page sends. */
async function wakeLater() {
  const ready = await navigator.serviceWorker?.getRegistration().catch(() => null);
  await ready?.sync?.register("send").catch(() => null);
}

let timer = null;
let under = false;
let again = false;

/** Say in the bar how much waits; it leads to the list. */
async function count() {
  const { waiting, refused, files } = await carry.held({ id: person, name });
  const [open, stuck] = [waiting.length + files.filter(({ why }) => !why).length, refused.length + files.filter(({ why }) => why).length];
  const badge = document.getElementById("carry");
  badge.hidden = !(open + stuck);
  badge.classList.toggle("stuck", stuck > 0);
  const [short, long] = ["span", "span"].map((tag) => document.createElement(tag));
  short.className = "short";
  short.setAttribute("aria-hidden", "true");
  short.textContent = stuck ? `! ${stuck}` : `↑ ${open}`;
  long.className = "long";
  long.textContent = stuck ? say("carry_stuck", stuck) : say("carry_waits", open);
  badge.replaceChildren(short, long);
  return open;
}

async function sendAll() {
  again = under;
  if (under) return;
  under = true;
  clearTimeout(timer);
  const trouble = await carry.send(person).catch(() => "later");
  under = false;
  if (trouble === "other") cover();
  window.dispatchEvent(new CustomEvent("carry-ended", { detail: trouble }));
  if (!(await count())) return;
  if (again) { sendAll(); return; }
  wakeLater();
  timer = setTimeout(sendAll, AGAIN_MS);
}

/** Leave nothing of a person to read where somebody else has signed in since. */
function cover() {
  const main = document.createElement("main");
  const [told, link] = ["p", "a"].map((tag) => document.createElement(tag));
  main.className = "page covered";
  told.textContent = say("other_person");
  told.setAttribute("role", "status");
  link.href = "/";
  link.className = "button";
  link.textContent = say("other_open");
  main.append(told, link);
  document.body.replaceChildren(main);
}

window.addEventListener("carry-start", sendAll);
window.addEventListener("carry", count);
window.addEventListener("online", sendAll);
window.addEventListener("somebody-else", cover);
window.addEventListener("storage", ({ key, newValue }) => { if (key === PERSON && newValue && newValue !== String(person)) cover(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) sendAll(); });
sendAll();

if (navigator.serviceWorker && window.isSecureContext) {
  navigator.serviceWorker.register("/service-worker.js", { scope: "/" })
    .then(() => askWorker({ type: "warm" }), () => null);
}

for (const form of document.querySelectorAll('form[action="/logout"]')) form.addEventListener("submit", clearLists);
