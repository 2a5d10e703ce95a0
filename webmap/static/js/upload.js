// The upload page: many files, three at a time, each with its own true progress, result and retry.

import { ask, bytes, el, num, page, percent, say } from "./page.js";
import { fileOf, markOf, openKeep } from "./upload_keep.js";
import { fill } from "./upload_result.js";
import { Sending, sha256Of } from "./upload_send.js";
import { watch } from "./upload_watch.js";

const AT_ONCE = 3;
const HASHED_BYTES = 64e6;
const SHOWN_SENT = 20;
const CHECKING_MS = 3000;
const OPTIONS = ["unit", "team", "person", "headcount", "purpose", "mode", "day", "datum", "timezone", "crs"];
const at = (id) => document.getElementById(id);
const now = at("now");
const items = new Map();
const listed = new Set();
const ready = openKeep();

/** One file on its way: a row that always says where it stands. */
class Item {
  constructor(file, values, kept) {
    Object.assign(this, { file, values, kept, state: "waiting", sending: null, since: new Date(), sent: 0, foretold: null });
    this.status = el("span", { class: "status" });
    this.bar = el("progress", { max: 1, value: 0, hidden: true, "aria-label": file.name });
    this.story = el("div");
    this.buttons = el("div", { class: "acts" });
    this.row = el("li", {},
      el("div", { class: "head" }, el("span", { class: "name" }, file.name), this.status), this.bar, this.story, this.buttons);
    now.prepend(this.row);
    this.become("waiting");
  }

  become(state, words = "") {
    this.state = state;
    this.row.className = { failed: "broken", done: this.row.className }[state] ?? state;
    const said = { waiting: "waiting", sending: "sending", resting: "upload_resting", failed: "refused", checking: "upload_checking" }[state];
    if (said) this.status.textContent = say(said, { share: percent(this.sent / Math.max(this.file.size, 1)) });
    this.bar.hidden = !["sending", "resting"].includes(state);
    if (state !== "done") this.story.replaceChildren(...(words ? [el("p", {}, words)] : []));
    const button = (key, act) => el("button", { type: "button", onclick: act }, say(key));
    const acts = {
      waiting: [["upload_cancel", () => this.cancel()]],
      sending: [["upload_rest", () => this.rest()], ["upload_cancel", () => this.cancel()]],
      resting: [["upload_go_on", () => this.again()], ["upload_cancel", () => this.cancel()]],
      failed: [["retry", () => this.again()], ["upload_cancel", () => this.cancel()]],
    }[state] ?? [];
    this.buttons.replaceChildren(...acts.map(([key, act]) => button(key, act)));
    tell();
  }

  async run() {
    const limit = Math.max(page.track_max_mb, page.raster_max_mb) * 1e6;
    if (this.file.size === 0 || this.file.size > limit) {
      const words = this.file.size ? say("too_big", { size: bytes(this.file.size), limit: bytes(limit) }) : say("empty");
      await this.failed(words);
      return;
    }
    this.become("sending");
    if (!this.sending) await this.prepare();
    if (this.state === "sending") this.sending.start();
  }

  async prepare() {
    const [sha256, url] = await Promise.all([sha256Of(this.file, HASHED_BYTES), ready.then((keep) => keep.placeOf(this.file))]);
    const metadata = { ...this.values, filename: this.file.name, ...(sha256 ? { sha256 } : {}) };
    this.sending = new Sending(this.file, metadata, url, {
      placed: (place) => ready.then((keep) => keep.place(this.file, place)),
      went: (sent) => {
        this.sent = sent;
        this.bar.value = sent / this.file.size;
        this.become("sending");
      },
      waits: (words) => this.become("sending", words),
      refused: (words) => this.failed(words),
      done: (receipt, place) => this.arrived(receipt, place),
    });
  }

  async arrived(receipt, place) {
    this.sending.close();
    this.sent = this.file.size;
    if (!receipt) {
      this.become("checking");
      next();
      const shown = await ask(place.replace(/^.*\/api\/v1\//, "")).catch(() => null);
      if (shown?.state === "refused") await this.failed(page.words.language === "zh_CN" ? shown.error.message_zh : shown.error.message);
      else setTimeout(() => this.arrived(shown?.receipt, place), shown?.receipt ? 0 : CHECKING_MS);
      return;
    }
    await (await ready).drop(this.file);
    items.delete(markOf(this.file));
    listed.add(receipt);
    this.become("done");
    watch(receipt, (answer) => { this.outcome = fill(this, answer, this.since); tell(); });
    next();
  }

  async failed(words) {
    this.sending?.close();
    this.sending = null;
    this.become("failed", words);
    next();
  }

  rest() {
    this.sending?.rest();
    this.become("resting");
    next();
  }

  again() {
    this.become("waiting");
    next();
  }

  async cancel() {
    const { sending } = this;
    this.sending = null;
    items.delete(markOf(this.file));
    this.row.remove();
    this.state = "gone";
    all.delete(this);
    await sending?.end();
    await (await ready).drop(this.file);
    next();
  }
}

const all = new Set();
const inState = (...states) => [...all].filter(({ state }) => states.includes(state));

function tell() {
  const ended = inState("done", "failed");
  const bad = [...all].filter(({ state, outcome }) => state === "failed" || ["refused", "failed"].includes(outcome));
  const values = { total: num(all.size), done: num(ended.length), bad: num(bad.length) };
  at("progress").textContent = all.size ? say("summary", values) : "";
  const failed = inState("failed").length;
  at("again-all").hidden = failed < 2;
  at("again-all").textContent = say("upload_again_all", { n: num(failed) });
  const open = inState("waiting", "sending", "resting").length;
  at("rest-all").hidden = open < 2;
  at("rest-all").textContent = say(inState("waiting", "sending").length ? "upload_all_rest" : "upload_all_go_on");
}

function next() {
  tell();
  for (const item of inState("waiting")) {
    if (inState("sending").length >= AT_ONCE) return;
    item.state = "sending";
    item.run();
  }
}

const options = () =>
  Object.fromEntries(OPTIONS.map((id) => [id, at(id).value]).filter(([, value]) => value));

/** Take files in; one that is on its way already is not taken twice. */
function take(files, said = null) {
  const values = said ?? options();
  for (const file of files) {
    const mark = markOf(file);
    const known = items.get(mark);
    if (known) {
      if (known.state === "failed") known.again();
      continue;
    }
    const item = new Item(file, values, said !== null);
    items.set(mark, item);
    all.add(item);
    if (said === null) ready.then((keep) => keep.put(file, values)).then((kept) => { item.kept = kept; });
  }
  next();
}

async function loadSent() {
  const sent = at("sent");
  try {
    const { receipts } = await ask("receipts", { limit: SHOWN_SENT });
    const rows = receipts.filter(({ receipt }) => !listed.has(receipt)).map((answer) => {
      const parts = { row: el("li"), status: el("span", { class: "status" }), story: el("div") };
      fill(parts, answer);
      parts.row.append(el("div", { class: "head" }, el("span", { class: "name" }, answer.name), parts.status), parts.story);
      return parts.row;
    });
    sent.replaceChildren(...(receipts.length ? rows : [el("li", {}, say("nothing_sent"))]));
  } catch (error) {
    sent.replaceChildren(el("li", { class: "broken" }, error.message));
  }
  sent.setAttribute("aria-busy", "false");
}

const input = at("files");
input.addEventListener("change", () => {
  take([...input.files]);
  input.value = "";
});
const drop = at("drop");
for (const [name, over] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", over);
  });
}
drop.addEventListener("drop", (event) => take([...event.dataTransfer.files]));
at("again-all").addEventListener("click", () => { for (const item of inState("failed")) item.again(); });
at("rest-all").addEventListener("click", () => {
  const under = inState("waiting", "sending");
  // The first to rest would let the next one begin.
  for (const item of under) item.state = "resting";
  for (const item of under) item.rest();
  if (!under.length) for (const item of inState("resting")) item.again();
});
window.addEventListener("beforeunload", (event) => {
  if (inState("sending", "waiting").some(({ kept }) => !kept)) event.preventDefault();
});

/** Go on with what an earlier visit kept, and name what must be chosen again. */
async function goOn() {
  const keep = await ready;
  for (const entry of await keep.files()) take([fileOf(entry)], entry.values);
  const waiting = await keep.waiting();
  const line = at("choose-again");
  line.hidden = !waiting.length;
  line.textContent = waiting.length ? say("upload_choose_again", { names: waiting.slice(0, 5).join("、"), n: num(waiting.length) }) : "";
}
// As long as this page is open it sends the files, and no other page or the worker does.
navigator.locks?.request("geoinspect-files", () => new Promise(() => {}));
goOn();
loadSent();
