// What this device holds of a person, one line each with where it stands; what the server did not take
// ends as a question with everything that was entered.

import "./carry.js";
import { bytes, clock, day, el, moment, num, page, say } from "./page.js";
import { errorOf, start, troubleWords, whose } from "./outbox.js";

const { carry } = self;
const STEPS = /^cases\/(\d+)\/steps$/;
// The case went on after it was seen; where the step is possible still, it can be sent all the same.
const MOVED = ["case_changed", "move_not_allowed"];
const SILENT = ["client_id", "version", "happened", "photos", "lon", "lat", "taken", "kind"];

/** Return the lines of what was entered: [name, value] each, in words where there are some. */
function entered(body) {
  const word = (prefix, value) => (page.words[`${prefix}_${value}`] ? say(`${prefix}_${value}`) : String(value));
  const of = ([name, value]) => {
    if (SILENT.includes(name) || value === "" || value === null || value === false) return [];
    if (name === "facts" || name === "answers" || name === "count") return Object.entries(value).flatMap(of);
    if (name === "action") return [[say("q_step"), word("do", value)]];
    const words = name === "day" ? day(value) : value === true ? say("f_yes") : typeof value === "object" ? JSON.stringify(value) : word(name, value);
    return [[word("f", name), words]];
  };
  return Object.entries(body).flatMap(of);
}

const asText = (one) => [one.what, moment(new Date(one.at).toISOString()), ...entered(one.body).map((pair) => pair.join(": "))].join("\n");

function saveAs(name, blob) {
  const link = el("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

async function sendAgain(one, change = {}) {
  const { why, refused_at: at, ...rest } = one;
  await carry.put({ ...rest, files: (one.files ?? []).map(({ there, ...file }) => file), ...change, state: "waiting" });
  carry.changed({ id: one.id, state: "waiting" });
  start();
}

/** Put what was entered for a step into the case's history as words, which every open case takes. */
async function asNote(one) {
  const note = say("q_note_of", { text: asText(one) }).slice(0, 2000);
  // Another identifier, as it is another entry; the old one goes once the new one is kept.
  await sendAgain({ ...one, id: carry.newId() }, { body: { action: "note", note, happened: one.body.happened } });
  await carry.remove(one.id);
  carry.changed({ id: one.id, state: "gone" });
}

function wayOut(one) {
  const button = (key, act, kind = null) => el("button", { type: "button", class: kind, "data-way": key, onclick: act }, say(key));
  const [, number] = /^(?:cases)\/(\d+)/.exec(one.path) ?? [];
  const [, site] = /^sites\/(\d+)/.exec(one.path) ?? [];
  const moved = one.why?.code === "case_changed";
  const noted = STEPS.test(one.path) && one.body.action !== "note";
  // Where the step is not possible any more, sending it again is no way out.
  const passed = noted && one.why?.code === "move_not_allowed";
  const sure = el("span", { hidden: true }, say("q_sure"), " ",
    button("q_throw_yes", async () => { await carry.remove(one.id); carry.changed({ id: one.id, state: "gone" }); }),
    button("q_throw_no", () => { sure.hidden = true; }));
  return el("div", { class: "card-buttons" },
    moved ? button("q_all_the_same", () => sendAgain(one, { body: { ...one.body, version: undefined } }), "primary") : button("q_again", () => sendAgain(one), passed ? null : "primary"),
    noted ? button("q_as_note", () => asNote(one), passed ? "primary" : null) : null,
    one.kind === "entry" && one.files?.length ? button("q_no_photos", () => { for (const file of one.files) saveAs(file.name, file.blob); sendAgain({ ...one, files: [] }); }) : null,
    number || site ? el("a", { class: "button", href: number ? `/cases/${number}` : `/sites/${site}` }, say("q_look")) : null,
    button("q_save", () => (one.kind === "evidence" ? saveAs(one.files[0].name, one.files[0].blob) : saveAs("entry.txt", new Blob([asText(one)], { type: "text/plain" })))),
    button("q_throw", () => { sure.hidden = false; }), sure);
}

function question(one) {
  const words = MOVED.includes(one.why?.code) ? say("q_moved", { what: one.what }) : say("q_refused", { what: one.what });
  return el("li", { class: "question", "data-parcel": one.id },
    el("p", { class: "problem" }, words), el("p", {}, errorOf(one.why).message),
    el("p", {}, say("q_entered", { when: moment(new Date(one.at).toISOString()) })),
    el("dl", {}, entered(one.body).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
    wayOut(one));
}

const line = (words, state) => el("li", {}, words, el("span", { class: "state" }, ` · ${state}`));

/** Return the lines of what waits: {waiting, refused, files, others} as the device holds it. */
export function queueLines({ waiting, refused, files, others }, trouble = "") {
  const out = trouble === "out";
  const state = out ? say("q_sign_in") : ["", "line"].includes(trouble) ? say("q_waiting") : troubleWords(trouble);
  const size = (one) => bytes(one.files.reduce((sum, { blob }) => sum + blob.size, 0));
  const words = (one) => (one.kind === "evidence" ? say("q_photo", { what: one.what, size: size(one) })
    : one.files?.length ? say("q_with_photos", { what: one.what, n: num(one.files.length), size: size(one) }) : say("q_entry", { what: one.what }));
  return [
    ...refused.map(question),
    ...(out ? [el("li", {}, el("a", { class: "button", href: "/login?next=/today" }, say("q_sign_in_link")))] : []),
    ...waiting.map((one) => line(words(one), state)),
    ...files.map((one) => (one.why ? el("li", {}, say("q_file", { what: one.name, size: bytes(one.blob.size) }), " · ", el("span", { class: "problem" }, errorOf(one.why).message), " ", el("a", { href: "/upload" }, say("q_on_upload")))
      : line(say("q_file", { what: one.name, size: bytes(one.blob.size) }), state))),
    ...(others ? [el("li", { class: "others" }, say("q_others", { n: num(others) }))] : []),
  ];
}

/** Return the lines of what was sent from this device: with the receipt of each. */
export const receiptLines = (sent) => sent.map((one) =>
  el("li", {}, say("td_receipt", { when: clock(new Date(one.sent_at).toISOString()), what: one.what, receipt: one.receipt })));

/** Show the queue in a list, and anew whenever it changes; `heard` gets what there is each time. */
export function watchQueue(list, heard = () => {}) {
  let trouble = "";
  let open = "";
  async function look() {
    const held = await carry.held(whose);
    const asked = held.refused.map(({ id }) => id).join(" ");
    // The questions that somebody is at stay as they are.
    if (asked !== open || !list.contains(document.activeElement)) list.replaceChildren(...queueLines(held, trouble));
    open = asked;
    list.hidden = !list.children.length;
    heard(held, trouble);
  }
  window.addEventListener("carry", look);
  window.addEventListener("carry-ended", ({ detail }) => { trouble = detail; look(); });
  look();
  return look;
}
