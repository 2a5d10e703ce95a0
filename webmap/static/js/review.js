// The review queue: one picture at a time, an answer by key or button, the next at once.

import { ask, el, num, page, say } from "./page.js";
import { chipIn } from "./review_chip.js";
import { adviceWords, datesPart, factsPart, progressWords, saidWords, whyWords } from "./review_facts.js";
import { openLists } from "./review_lists.js";
import { openOutbox } from "./review_outbox.js";

const survey = page.survey.id;
const $ = (id) => document.getElementById(id);
const message = $("message");
const KEYS = { y: "poppy", 1: "poppy", n: "other", 2: "other", u: "unsure", 3: "unsure", s: "skipped" };
const WIDER = 5;
const ZOOM = 1.4;
const AHEAD = 4;
// So long the learnt order is waited for; a slower line shows what was fetched before.
const PATIENCE_MS = 600;
let state = null;
let coming = [];
let shown = null;
let shownAt = 0;
let zoom = 1;
let outlined = true;
let moving = false;
let denied = null;
const past = [];

const chip = chipIn($("chip"), {
  alt: (one, span) => say("patch_chip", { patch: one.patch, m: num(span, 1) }),
  failed: say("picture_missing"),
  onready: ({ span }) => { $("scale").textContent = say("across", { m: num(span, 1) }); },
});
const context = chipIn($("context"), {
  alt: (one, span) => say("context_chip", { m: num(span, 0) }), failed: say("picture_missing"),
});

function fail(words) {
  message.textContent = words;
  message.hidden = !words;
}

const outbox = openOutbox({
  heard: (entry, answer) => { if (entry.survey === survey) hear(answer); },
  refused: (_entry, error) => {
    // The survey was detected again meanwhile: what is shown is no patch any more.
    if (error.code === "no_patch") open().then(() => fail(error.message));
    else fail(error.message);
  },
  changed: (n, trouble) => {
    $("outbox").hidden = !n || !trouble;
    $("outbox").textContent = n ? `${say("waiting_to_send", { n: num(n) })} ${trouble}` : "";
  },
});

const wait = (ms) => new Promise((done) => setTimeout(done, ms));

/** Take over what the server says comes next; what is shown stays, what waits to be sent is left out. */
function hear(answer) {
  state = answer;
  const waiting = new Set(outbox.waiting(survey).filter((one) => one.kind === "labels").map((one) => one.body.patch));
  coming = answer.coming.filter((one) => one.patch !== shown?.patch && !waiting.has(one.patch));
  // Whoever had run out of pictures goes on.
  if (!shown && !moving) show(coming.shift() ?? null);
  $("progress").textContent = progressWords(answer);
  $("advice").textContent = adviceWords(answer);
  showComing();
  refreshLists();
}

/** Show small what comes next; the same pictures are then there at once when their turn comes. */
function showComing() {
  $("coming").replaceChildren(...coming.slice(0, AHEAD).map((one) => el("li", { "data-patch": one.patch },
    el("img", { src: chip.address(one, one.span_m), alt: `${say("patch")} ${one.patch}`, width: 64, height: 64 }))));
  if (coming.length) new Image().src = context.address(coming[0], coming[0].span_m * WIDER);
}

/** Show a candidate; nothing where none is left. */
function show(one) {
  shown = one;
  shownAt = performance.now();
  zoom = 1;
  const root = $("review");
  root.dataset.patch = one?.patch ?? "";
  for (const button of document.querySelectorAll("[data-say]")) button.disabled = !one;
  if (!one) {
    chip.clear();
    context.clear();
    const words = outbox.waiting(survey).length ? "offline_empty" : state.progress.candidates ? "all_done" : "nothing_found";
    $("facts").replaceChildren(el("p", { class: "lead", id: "done" }, say(words)));
    $("dates").replaceChildren();
    return;
  }
  draw();
  $("facts").replaceChildren(...factsPart(one, state));
  $("dates").replaceChildren(...datesPart(one, one.span_m));
}

function draw() {
  chip.show(shown, shown.span_m * zoom);
  context.show(shown, shown.span_m * WIDER);
}

function zoomBy(factor) {
  if (!shown) return;
  zoom = Math.min(Math.max(zoom * factor, 0.1), 40);
  draw();
}

/** Go to the next candidate, waiting a moment for the order that the answer makes. */
async function goOn(sent) {
  moving = true;
  shown = null;
  const heard = sent.catch(() => null);
  await Promise.race([heard, wait(PATIENCE_MS)]);
  if (!coming.length) await heard;
  moving = false;
  show(coming.shift() ?? null);
  showComing();
}

async function answer(label, button = null) {
  if (!shown || moving || !page.may_decide) return;
  if (!chip.ready && label !== "skipped") {
    $("last").textContent = say(chip.broken ? "skip_unseen" : "wait_for_picture");
    return;
  }
  fail("");
  const one = shown;
  const seconds = Math.round((performance.now() - shownAt) / 100) / 10;
  past.push(one);
  $("last").textContent = say("answered", { patch: `${say("patch")} ${one.patch}`, said: saidWords(label) });
  askWhy(label === "other" ? { one, seconds } : null);
  button?.blur();
  await goOn(outbox.push(survey, "labels", { patch: one.patch, label, seconds }));
}

/** Offer to say what it is instead; nobody has to. */
function askWhy(what) {
  denied = what;
  const box = $("why");
  box.hidden = !what;
  if (!what) return;
  box.replaceChildren(el("p", {}, say("why_not", { patch: what.one.patch })),
    ...page.reasons.map(({ reason, key }) => el("button", { type: "button", "data-reason": reason, onclick: () => because(reason) }, whyWords(reason), " ", el("kbd", {}, key))));
}

function because(reason) {
  const { one, seconds } = denied;
  askWhy(null);
  $("last").textContent = `${say("answered", { patch: `${say("patch")} ${one.patch}`, said: saidWords("other") })} · ${whyWords(reason)}`;
  outbox.push(survey, "labels", { patch: one.patch, label: "other", reason, seconds }).catch(() => null);
}

/** Take an answer back, the last one without a patch, and show its picture again. */
async function back(patch = null) {
  if (moving || !page.may_decide) return;
  fail("");
  askWhy(null);
  const known = patch === null ? past.pop() : past.find((one) => one.patch === patch);
  const wanted = patch ?? known?.patch ?? null;
  const sent = outbox.push(survey, "undo", wanted === null ? {} : { patch: wanted });
  if (known) {
    if (shown) coming.unshift(shown);
    show(known);
  } else {
    moving = true;
    shown = null;
    await Promise.race([sent.catch(() => null), wait(5000)]);
    moving = false;
    show(coming.shift() ?? null);
  }
  if (shown) $("last").textContent = say("taken_back", { patch: `${say("patch")} ${shown.patch}` });
  showComing();
}

async function open(patch = null) {
  moving = true;
  try {
    shown = null;
    hear(await ask(`review/${survey}`, { patch }));
    show(coming.shift() ?? null);
    showComing();
  } catch (error) {
    fail(error.message);
  } finally {
    moving = false;
    $("review").setAttribute("aria-busy", "false");
  }
}

const refreshLists = openLists({
  show: (patch) => { open(patch ?? shown?.patch ?? null); if (patch) window.scrollTo({ top: 0 }); }, takeBack: back, fail,
});

function toggleOutline() {
  outlined = !outlined;
  $("outline").setAttribute("aria-pressed", String(outlined));
  chip.outline(outlined);
  context.outline(outlined);
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  const key = event.key.toLowerCase();
  const reason = denied && page.reasons.find((one) => one.key.toLowerCase() === key);
  const act = KEYS[key] && page.may_decide ? () => answer(KEYS[key])
    : key === "b" || key === "backspace" ? () => back()
    : key === "o" ? toggleOutline
    : key === "+" || key === "=" ? () => zoomBy(1 / ZOOM)
    : key === "-" || key === "_" ? () => zoomBy(ZOOM)
    : key === "?" ? () => { $("keys").open = !$("keys").open; }
    : reason ? () => because(reason.reason) : null;
  if (!act) return;
  event.preventDefault();
  // A key held down must not answer for pictures that nobody saw.
  if (!event.repeat || key === "+" || key === "-" || key === "=") act();
}

let wheeled = null;
$("chip").addEventListener("wheel", (event) => {
  event.preventDefault();
  zoom *= event.deltaY > 0 ? 1.15 : 1 / 1.15;
  clearTimeout(wheeled);
  wheeled = setTimeout(() => zoomBy(1), 120);
}, { passive: false });
for (const button of document.querySelectorAll("[data-say]")) button.addEventListener("click", () => answer(button.dataset.say, button));
$("back")?.addEventListener("click", () => back());
$("outline").addEventListener("click", toggleOutline);
$("zoom-in").addEventListener("click", () => zoomBy(1 / ZOOM));
$("zoom-out").addEventListener("click", () => zoomBy(ZOOM));
document.addEventListener("keydown", onKey);
window.addEventListener("online", () => { if (shown && chip.broken) draw(); });
outbox.start().catch(() => null).finally(() => open(new URLSearchParams(location.search).get("patch")));
