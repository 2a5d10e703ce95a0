// The page of the work in the background: what the server says, asked again while something lives.

import { ask, duration, el, moment, page, say, sentence, tell } from "./page.js";

// Often while something moves, ever more seldom while nothing does; not at all where nobody looks.
const LIVE_MS = 2000;
const LONGEST_MS = 30000;
const ROWS = 50;

const part = (id) => document.getElementById(id);
const form = part("choose");
const chinese = page.words.language === "zh_CN";
const words = (text) => (chinese ? text.zh : text.en);
let asked = 0;
let shown = ROWS;
let pause = LIVE_MS;
let timer = null;
let heard = null;

function query() {
  const state = form.elements.state.value;
  return {
    state: state === "live" ? ["waiting", "running"] : state || null,
    mine: form.elements.mine?.checked ? 1 : null,
    limit: shown,
  };
}

function left(job) {
  if (!job.seconds_left) return null;
  const [low, high] = job.seconds_left;
  return low < 1 ? say("jb_left_most", { high: duration(high) }) : say("jb_left", { low: duration(low), high: duration(high) });
}

function facts(job) {
  const took = job.ended_at && job.started_at ? (new Date(job.ended_at) - new Date(job.started_at)) / 1000 : null;
  return [
    job.state === "running" && job.phase ? words(job.phase) : null,
    job.state === "waiting" && job.due_at ? say("jb_later", { when: moment(job.due_at) }) : null,
    job.state === "waiting" && !job.due_at && job.place ? say("jb_place", { n: job.place }) : null,
    left(job),
    job.tries > 1 ? say("jb_tries", { n: job.tries, most: job.most_tries }) : null,
    job.person ? say("jb_by", { person: job.person }) : null,
    job.ended_at ? say("jb_ended", { when: moment(job.ended_at) }) : say("jb_sent", { when: moment(job.created_at) }),
    job.state === "done" && took !== null ? say("jb_took", { time: duration(took) }) : null,
  ].filter(Boolean).join(" · ");
}

function bar(job, title) {
  if (job.state !== "running") return null;
  return el("progress", { max: 1, value: job.share ?? undefined, "aria-label": title });
}

function button(job, title) {
  if (!job.may_change || job.cancel_asked) return null;
  const what = { waiting: "cancel", running: "cancel", failed: "retry", cancelled: "retry" }[job.state];
  if (!what) return null;
  const label = say(`jb_${what}_of`, { what: title });
  return el("button", { type: "button", "aria-label": label, "data-job": job.id, onclick: () => change(job.id, what) }, say(`jb_${what}`));
}

function line(job) {
  const title = [words(job.kind_name), job.name].filter(Boolean).join(": ");
  const state = job.cancel_asked && job.state === "running" ? say("jb_stopping") : say(`jb_${job.state}`);
  const error = job.error && job.state !== "done" ? el("div", { class: job.state === "failed" ? "problem" : "hint" }, sentence(job.error)) : null;
  return el("li", { "data-state": job.state },
    el("div", {}, el("span", { class: `job-state state-${job.state}` }, state), ` ${title}`),
    bar(job, title), error, el("div", { class: "hint" }, facts(job)), button(job, title));
}

function place(told) {
  // Whoever stands on a button must not be thrown off it by an answer.
  const held = document.activeElement?.dataset?.job;
  const list = part("jobs");
  const empty = form.elements.state.value ? "jb_none_such" : "jb_none";
  list.replaceChildren(...(told.jobs.length ? told.jobs.map(line) : [el("li", { class: "hint empty" }, say(empty))]));
  if (held) list.querySelector(`button[data-job="${held}"]`)?.focus();
  part("counts").textContent = say("jb_counts", told.counts);
  const retry = part("retry-all");
  if (retry) retry.hidden = !told.counts.failed;
  part("more").hidden = told.next === null;
}

async function show() {
  const mine = ++asked;
  clearTimeout(timer);
  try {
    const told = await ask("jobs", query());
    if (mine !== asked) return;
    const before = heard && JSON.stringify([heard.jobs, heard.counts]);
    const moves = told.counts.waiting + told.counts.running > 0;
    pause = moves && JSON.stringify([told.jobs, told.counts]) !== before ? LIVE_MS : Math.min(pause * 1.5, LONGEST_MS);
    if (moves) pause = Math.min(pause, 3 * LIVE_MS);
    heard = { ...told, at: new Date().toISOString() };
    if (JSON.stringify([told.jobs, told.counts]) !== before || !part("jobs").childElementCount) place(told);
    part("message").hidden = true;
  } catch (error) {
    if (mine !== asked) return;
    pause = Math.min(pause * 2, LONGEST_MS);
    part("message").textContent = error.status || !heard ? error.message : say("jb_silent", { when: moment(heard.at) });
    part("message").hidden = false;
  } finally {
    if (mine === asked) {
      part("jobs").setAttribute("aria-busy", "false");
      timer = setTimeout(() => !document.hidden && show(), pause);
    }
  }
}

async function change(id, what) {
  try {
    await tell(`jobs/${id}/${what}`, {});
    part("message").hidden = true;
  } catch (error) {
    part("message").textContent = error.message;
    part("message").hidden = false;
    return;
  }
  pause = LIVE_MS;
  await show();
}

async function retryAll() {
  const all = part("retry-all");
  all.disabled = true;
  try {
    const { retried } = await tell("jobs/retry-failed", {});
    await show();
    part("counts").textContent = retried.length ? say("jb_retried", { n: retried.length }) : say("jb_retried_none");
  } catch (error) {
    part("message").textContent = error.message;
    part("message").hidden = false;
  } finally {
    all.disabled = false;
  }
}

function choose() {
  const given = new URLSearchParams();
  if (form.elements.state.value) given.set("state", form.elements.state.value);
  if (form.elements.mine?.checked) given.set("mine", "1");
  history.replaceState(null, "", given.size ? `?${given}` : location.pathname);
  shown = ROWS;
  heard = null;
  show();
}

const given = new URLSearchParams(location.search);
form.elements.state.value = given.get("state") ?? "";
if (form.elements.state.selectedIndex < 0) form.elements.state.value = "";
if (form.elements.mine) form.elements.mine.checked = given.get("mine") === "1";
form.addEventListener("change", choose);
form.addEventListener("submit", (event) => event.preventDefault());
part("retry-all")?.addEventListener("click", retryAll);
part("more").addEventListener("click", () => {
  shown = Math.min(shown + ROWS, 200);
  heard = null;
  show();
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  pause = LIVE_MS;
  show();
});
show();
