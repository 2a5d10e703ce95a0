// The upload page: many files, two at a time, each with its own progress, result and retry.

import { ask, bytes, clock, el, num, page, percent, say, send, sentence } from "./page.js";

const AT_ONCE = 2;
const CHECKED_BYTES = 64e6;
const MOST_WAITS = 60;
const OPTIONS = ["unit", "team", "person", "headcount", "purpose", "mode", "day", "datum", "timezone", "crs"];
const now = document.getElementById("now");
const sent = document.getElementById("sent");
const progress = document.getElementById("progress");
const waiting = [];
const listed = new Set();
let running = 0;
const counts = { total: 0, done: 0, bad: 0 };

/** One file on its way: a row that always says where it stands. */
class Item {
  constructor(file) {
    this.file = file;
    this.status = el("span", { class: "status" });
    this.bar = el("progress", { max: 1, value: 0, hidden: true });
    this.story = el("div");
    this.row = el("li", {},
      el("div", { class: "head" }, el("span", { class: "name" }, file.name), this.status), this.bar, this.story);
    now.prepend(this.row);
    this.say("waiting");
  }

  say(key, values) {
    this.status.textContent = say(key, values);
  }

  async run() {
    const trouble = this.#sizeTrouble();
    if (trouble) {
      this.#fail(trouble, false);
      return;
    }
    this.row.className = "";
    this.story.replaceChildren();
    this.bar.hidden = false;
    try {
      const answer = await this.#send();
      this.bar.hidden = true;
      listed.add(answer.receipt);
      fill(this, answer);
      counts.done += 1;
      if (answer.result.status === "refused") counts.bad += 1;
      loadSent();
    } catch (error) {
      this.#fail(error.message, error.status === 0 || error.status >= 500 || error.code === "checksum");
    }
  }

  /** Send the file; where the server has too many at once, wait as long as it says. */
  async #send() {
    const values = { ...options(), ...(await checksum(this.file)) };
    for (let waits = 0; ; waits += 1) {
      try {
        return await send(this.file, values, (share) => {
          this.bar.value = share;
          if (share < 1) this.say("sending", { share: percent(share) });
          else this.say("reading");
        });
      } catch (error) {
        if (error.code !== "busy" || waits >= MOST_WAITS) throw error;
        this.say("waiting");
        await new Promise((resolve) => { setTimeout(resolve, Number(error.wait) * 1000); });
      }
    }
  }

  #sizeTrouble() {
    const limit = Math.max(page.track_max_mb, page.raster_max_mb);
    if (this.file.size === 0) return say("empty");
    return this.file.size > limit * 1e6 ? say("too_big", { size: bytes(this.file.size), limit: bytes(limit * 1e6) }) : null;
  }

  #fail(words, again) {
    this.bar.hidden = true;
    this.row.className = "broken";
    this.say("refused");
    const retry = again
      ? el("button", { type: "button", onclick: () => { counts.total -= 1; counts.done -= 1; counts.bad -= 1; queue(this); } }, say("retry"))
      : null;
    this.story.replaceChildren(el("p", {}, words), ...(retry ? [retry] : []));
    counts.done += 1;
    counts.bad += 1;
  }
}

const options = () =>
  Object.fromEntries(OPTIONS.map((id) => [id, document.getElementById(id).value]).filter(([, value]) => value));

/** Return the file's checksum for the server to compare; nothing where it can't be had. */
async function checksum(file) {
  if (!globalThis.crypto?.subtle || file.size > CHECKED_BYTES) return {};
  const content = await file.arrayBuffer().catch(() => null);
  if (!content) return {};
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  return { sha256: [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("") };
}

/** Show what became of a file, in the words of the server. */
function fill({ row, status, story }, answer) {
  const { result } = answer;
  const state = result?.status ?? "received";
  row.className = state;
  status.textContent = say({ added: "done", duplicate: "duplicate", refused: "refused", received: "received" }[state]);
  const problems = (result?.problems ?? []).map(sentence);
  const shown = state !== "refused" && Number.isInteger(result?.id) && ["track", "survey", "photo"].includes(result.kind);
  const place = shown ? el("p", {}, el("a", { href: `/map#${result.kind}=${result.id}` }, say("see"))) : null;
  const tracks = state === "refused" ? [] : result?.details?.tracks ?? (result?.kind === "track" && result.id ? [result.id] : []);
  const doubts = result?.details?.doubts ?? [];
  const receipt = { time: clock(answer.received_at), size: bytes(answer.bytes), id: answer.receipt };
  story.replaceChildren(
    ...(result ? [el("p", {}, sentence(result))] : []),
    ...(problems.length ? [el("ul", {}, problems.map((text) => el("li", {}, text)))] : []),
    ...(doubts.length ? [el("p", { class: "doubted" }, say("doubts_found", { n: num(doubts.length) })), ...doubts.map((doubt) => el("p", { class: "doubt" }, sentence(doubt)))] : []),
    ...(place ? [place] : []),
    ...(tracks.length ? [el("p", {}, tracks.flatMap((id) => [el("a", { href: `/tracks/${id}` }, say("track_page", { id })), " "]))] : []),
    el("p", { class: "receipt" }, say("receipt", receipt)),
  );
}

function tell() {
  const { total, done, bad } = counts;
  progress.textContent = total ? say("summary", { total: num(total), done: num(done), bad: num(bad) }) : "";
}

function queue(item) {
  counts.total += 1;
  waiting.push(item);
  next();
}

async function next() {
  tell();
  if (running >= AT_ONCE || !waiting.length) return;
  running += 1;
  const item = waiting.shift();
  next();
  await item.run();
  running -= 1;
  next();
}

async function loadSent() {
  try {
    const { receipts } = await ask("receipts");
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

const take = (files) => {
  for (const file of files) queue(new Item(file));
};
const input = document.getElementById("files");
input.addEventListener("change", () => {
  take([...input.files]);
  input.value = "";
});
const drop = document.getElementById("drop");
for (const [name, over] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", over);
  });
}
drop.addEventListener("drop", (event) => take([...event.dataTransfer.files]));
window.addEventListener("beforeunload", (event) => {
  if (running > 0) event.preventDefault();
});
loadSent();
