// One track's page: its map, what is known of it, and what a person decides about it.

import { ask, distance, el, moment, num, page, say, tell } from "./page.js";
import { changesIn, datumPart, decisionPart, patrolPart, undoOf } from "./track_form.js";
import { drawStrip } from "./speed_strip.js";
import { TrackMap } from "./track_map.js";
import { doubtsPart, headPart, lengthsPart, nameRules, readPart, repeatsPart, rulesPart, stopsPart } from "./track_panel.js";

const MOST_OTHERS = 6;
const address = `tracks/${page.track}`;
const form = document.getElementById("review");
const parts = document.getElementById("parts");
const message = document.getElementById("message");
const bar = document.getElementById("apply-bar");
const legend = document.getElementById("track-legend");
const pointNote = document.getElementById("point-note");
const map = new TrackMap(window.map_main, showPoint);
let report = null;

async function load() {
  const [told, points] = await Promise.all([ask(address), ask(`${address}/points`)]);
  report = nameRules(told);
  const ids = [...new Set([...report.repeats, ...report.repeated_by].map((copy) => copy.track))].slice(0, MOST_OTHERS);
  const found = await Promise.allSettled(ids.map((id) => ask(`tracks/${id}`)));
  const others = found.filter((one) => one.status === "fulfilled").map((one) => one.value);
  map.draw(report, points, others);
  legend.replaceChildren(...map.legend(report, points));
  document.getElementById("thinned").hidden = !points.thinned;
  pointNote.textContent = "";
  drawStrip(document.getElementById("speed-strip"), points.speed);
  draw(new Map(others.map((other) => [other.id, other.name])));
}

function draw(names) {
  const on = { rule: (rule) => map.lookAt(rule), place: (lon, lat) => map.lookAtPlace(lon, lat) };
  parts.replaceChildren(
    ...headPart(report), lengthsPart(report), doubtsPart(report), decisionPart(report),
    rulesPart(report, on), repeatsPart(report, names), datumPart(report, form, (found) => map.tryLines(found)), patrolPart(report),
    stopsPart(report, on), readPart(report));
  parts.setAttribute("aria-busy", "false");
  showChanges();
}

/** Tell of a flagged point that was clicked: a rule, [lon, lat, time]. */
function showPoint(rule, [lon, lat, time]) {
  const { words } = report.rules.find((one) => one.rule === rule);
  const place = `${num(lat, 6)}° N, ${num(lon, 6)}° E`;
  pointNote.textContent = [words, time ? moment(time) : null, place].filter(Boolean).join(" · ");
}

function showChanges() {
  const n = Object.keys(changesIn(form, report)).length;
  bar.hidden = n === 0;
  document.getElementById("waiting-changes").textContent = say("changes_waiting", { n: num(n) });
}

function showMessage(...nodes) {
  message.replaceChildren(...nodes);
  message.hidden = nodes.length === 0;
}

/** Send a review, then show what the server made of it, with the way back. */
async function send(review, { undoing = false } = {}) {
  const before = undoOf(review, report);
  const old_m = report.counted_length_m;
  parts.setAttribute("aria-busy", "true");
  bar.hidden = true;
  try {
    await tell(`${address}/review`, review);
    const place = parts.parentElement.scrollTop;
    await load();
    parts.parentElement.scrollTop = place;
    const lengths = { old: distance(old_m), now: distance(report.counted_length_m) };
    showMessage(
      el("p", {}, say(undoing ? "undone" : "applied", lengths)),
      el("a", { href: `/map#track=${report.id}` }, say("see")),
      undoing ? null : el("button", { type: "button", id: "undo", onclick: () => send(before, { undoing: true }) }, say("undo")));
    message.classList.remove("problem");
  } catch (error) {
    showProblem(error);
    showChanges();
  } finally {
    parts.setAttribute("aria-busy", "false");
  }
}

function showProblem(error) {
  showMessage(error.message);
  message.classList.add("problem");
}

form.addEventListener("input", showChanges);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const changes = changesIn(form, report);
  // A track that counts otherwise is a new decision: the reason goes with it, changed or not.
  if ("counts" in changes) changes.note ??= form.elements.note.value.trim();
  if (Object.keys(changes).length) send(changes);
});
form.addEventListener("reset", () => setTimeout(showChanges));
document.getElementById("legend-box").open = !matchMedia("(max-width: 700px)").matches;

map.start(page.bbox);
load().catch(showProblem);
