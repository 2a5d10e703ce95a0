// What I sent: by day, with receipts, to filter, print and save.

import { ask, bytes, clock, day, el, moment, num, page, percent, say, sentence } from "./page.js";
import { receiptLines, watchQueue } from "./queue_list.js";
import { fill, isOpen } from "./upload_result.js";
import { watch } from "./upload_watch.js";

const MOST = 1000;
const BAD = ["refused", "failed"];
const at = (id) => document.getElementById(id);
const beijing = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai" });
const dayOf = (answer) => beijing.format(new Date(answer.received_at));
let receipts = [];

const isBad = (answer) => BAD.includes(answer.state);
function wanted() {
  const [which, from, to] = ["which", "from", "to"].map((id) => at(id).value);
  return receipts.filter((answer) =>
    (which !== "bad" || isBad(answer)) && (which !== "open" || isOpen(answer))
    && (!from || dayOf(answer) >= from) && (!to || dayOf(answer) <= to));
}

function row(answer) {
  const parts = { row: el("li"), status: el("span", { class: "status" }), story: el("div") };
  fill(parts, answer);
  parts.row.append(
    el("div", { class: "head" }, el("span", { class: "name" }, answer.name), parts.status), parts.story,
    el("p", { class: "receipt hash" }, `SHA-256 ${answer.sha256}`));
  return parts.row;
}

function show() {
  const shown = wanted();
  const days = Map.groupBy ? Map.groupBy(shown, dayOf) : grouped(shown);
  const total = shown.reduce((sum, answer) => sum + answer.bytes, 0);
  at("progress").textContent = receipts.length
    ? say("sent_summary", { n: num(shown.length), size: bytes(total), bad: num(shown.filter(isBad).length) }) : "";
  const empty = el("p", {}, say(receipts.length ? "sent_none" : "nothing_sent"));
  at("sent").replaceChildren(...(shown.length ? [...days].flatMap(([date, rows]) => [
    el("h2", {}, say("sent_day", { day: day(date), n: num(rows.length) })),
    el("ol", { class: "results" }, rows.map(row)),
  ]) : [empty]));
  at("sent").setAttribute("aria-busy", "false");
}

function grouped(rows) {
  const days = new Map();
  for (const one of rows) days.set(dayOf(one), [...(days.get(dayOf(one)) ?? []), one]);
  return days;
}

function showHalf(uploads) {
  at("unfinished").hidden = !uploads.length;
  at("half").replaceChildren(...uploads.map((one) => el("li", {},
    el("div", { class: "head" }, el("span", { class: "name" }, one.name),
      el("span", { class: "status" }, one.state === "checking" ? say("upload_checking") : percent(one.offset / one.length))),
    el("p", {}, say("sent_half", { share: percent(one.offset / one.length), size: bytes(one.length), moment: moment(one.expires_at) })))));
}

// A cell that begins so would be run as a formula by a spreadsheet.
const harmless = (text) => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);
const quoted = (value) => `"${harmless(String(value ?? "")).replaceAll('"', '""')}"`;

function save(name, kind, text) {
  const link = el("a", { href: URL.createObjectURL(new Blob([text], { type: kind })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function saveTable() {
  const heads = ["sent_time", "sent_file", "sent_size", "SHA-256", "sent_receipt", "sent_state", "sent_words"].map((key) => say(key));
  const rows = wanted().map((answer) => [
    `${dayOf(answer)} ${clock(answer.received_at)}`, answer.name, answer.bytes, answer.sha256, answer.receipt, answer.state,
    answer.result ? sentence(answer.result) : "",
  ]);
  // The mark at the start lets spreadsheets read Chinese.
  save("receipts.csv", "text/csv;charset=utf-8", `\ufeff${[heads, ...rows].map((line) => line.map(quoted).join(",")).join("\r\n")}\r\n`);
}

at("print").addEventListener("click", () => window.print());
at("save-csv").addEventListener("click", saveTable);
at("save-json").addEventListener("click", () => save("receipts.json", "application/json", JSON.stringify({ person: page.person, receipts: wanted() }, null, 1)));
for (const id of ["which", "from", "to"]) at(id).addEventListener("change", show);
at("wanted").addEventListener("submit", (event) => event.preventDefault());

/** Show what this device still holds, and the receipts of entries and photos that it sent. */
function showHeld(held, trouble) {
  at("here").hidden = !(held.waiting.length + held.refused.length + held.files.length + held.others);
  at("entries").hidden = !held.sent.length;
  at("entry-receipts").replaceChildren(...receiptLines(held.sent));
  if (!trouble && held.files.length < waitingFiles) load();
  waitingFiles = held.files.length;
}
let waitingFiles = 0;
watchQueue(at("queue"), showHeld);

async function load() {
  try {
    const [sent, half] = await Promise.all([ask("receipts", { limit: MOST }), ask("uploads")]);
    ({ receipts } = sent);
    showHalf(half.uploads);
    show();
    for (const one of receipts.filter(isOpen)) {
      watch(one.receipt, (answer) => {
        receipts = receipts.map((old) => (old.receipt === answer.receipt ? answer : old));
        show();
      });
    }
  } catch (error) {
    at("sent").replaceChildren(el("p", { class: "doubted" }, error.message));
    at("sent").setAttribute("aria-busy", "false");
  }
}
load();
