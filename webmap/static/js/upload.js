// The upload page: many files, two at a time, each with its own progress, result and retry.

import { ask, bytes, clock, el, num, page, percent, say, send, sentence } from "./page.js";

const AT_ONCE = 2;
const now = document.getElementById("now");
const sent = document.getElementById("sent");
const progress = document.getElementById("progress");
const waiting = [];
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
      const answer = await send(this.file, options(), (share) => {
        this.bar.value = share;
        if (share < 1) this.say("sending", { share: percent(share) });
        else this.say("reading");
      });
      this.bar.hidden = true;
      fill(this, answer);
      counts.done += 1;
      if (answer.result.status === "refused") counts.bad += 1;
      loadSent();
    } catch (error) {
      this.#fail(error.message, error.status === 0 || error.status >= 500);
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
  Object.fromEntries(["unit", "team", "mode", "datum", "day"].map((id) => [id, document.getElementById(id).value]).filter(([, value]) => value));

/** Show what became of a file, in the words of the server. */
function fill({ row, status, story }, answer) {
  const { result } = answer;
  const state = result?.status ?? "received";
  row.className = state;
  status.textContent = say({ added: "done", duplicate: "duplicate", refused: "refused", received: "received" }[state]);
  const problems = (result?.problems ?? []).map(sentence);
  const place = state !== "refused" && result?.id ? el("p", {}, el("a", { href: "/map" }, say("see"))) : null;
  const receipt = { time: clock(answer.received_at), size: bytes(answer.bytes), id: answer.receipt };
  story.replaceChildren(
    ...(result ? [el("p", {}, sentence(result))] : []),
    ...(problems.length ? [el("ul", {}, problems.map((text) => el("li", {}, text)))] : []),
    ...(place ? [place] : []),
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
    const rows = receipts.map((answer) => {
      const parts = { row: el("li"), status: el("span", { class: "status" }), story: el("div") };
      fill(parts, answer);
      parts.row.append(el("div", { class: "head" }, el("span", { class: "name" }, answer.name), parts.status), parts.story);
      return parts.row;
    });
    sent.replaceChildren(...(rows.length ? rows : [el("li", {}, say("nothing_sent"))]));
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
