// The list of tracks: what waits for a person first; the filters are in the address.

import { ask, day, distance, el, num, page, say } from "./page.js";
import { arrowKeys, listRow, listTable } from "./lists.js";
import { pickBox, wireBulk } from "./tracks_bulk.js";

const form = document.getElementById("filters");
const list = document.getElementById("list");
const count = document.getElementById("count");
const more = document.getElementById("more");
const wanted = Object.fromEntries([...new URLSearchParams(location.search)].filter(([name, value]) => value && form.elements[name]));
/** Return the address that sorts by a column, largest first, and how it is sorted now. */
function sorting(name) {
  const now = wanted.sort === name ? "ascending" : wanted.sort === `-${name}` ? "descending" : null;
  const address = new URLSearchParams({ ...wanted, sort: now === "descending" ? name : `-${name}` });
  return { sort: `?${address}`, sorted: now };
}

const COLUMNS = [
  ...(page.may_decide ? [{ words: say("bulk_column") }] : []),
  { words: say("state") },
  { words: say("day"), ...sorting("day") },
  { words: say("track") },
  { words: say("unit_team"), ...sorting("unit") },
  { words: say("mode") },
  { words: say("length_raw"), number: true },
  { words: say("length_cleaned"), number: true, ...sorting("length") },
  { words: say("length_counted"), number: true },
  { words: say("doubts"), ...sorting("doubts") },
];
const { table, body } = listTable(COLUMNS, say("tracks"));
let shown = 0;
let after = null;

function row(track) {
  const state = track.doubtful ? ["waiting", "state_waiting"] : track.decided ? ["decided", "state_decided"] : ["clear", "state_clear"];
  const doubts = [...new Set(track.doubts)].map((code) => say(`doubt_${code}`)).join(say("comma"));
  return listRow(COLUMNS, [
    ...(page.may_decide ? [pickBox(track)] : []),
    el("span", { class: `mark ${state[0]}` }, say(state[1])),
    el("span", { class: "whole" }, track.day ? day(track.day) : say("no_day")),
    [el("a", { href: `/tracks/${track.id}`, "data-main-link": true }, track.name), el("span", { class: "sub" }, track.file === track.name ? "" : track.file)],
    [track.unit ?? say("no_unit"), el("span", { class: "sub" }, track.team ?? "")],
    say(`mode_${track.mode}`),
    distance(track.length_m), distance(track.cleaned_length_m), distance(track.counted_length_m),
    doubts || "–",
  ], { class: state[0], "data-track": track.id });
}

async function load() {
  list.setAttribute("aria-busy", "true");
  try {
    const found = await ask("track-list", { ...wanted, after, limit: 100 });
    body.append(...found.tracks.map(row));
    shown += found.tracks.length;
    after = found.next;
    more.hidden = !after;
    const figures = { n: num(shown), total: num(found.total), waiting: num(found.waiting) };
    count.textContent = found.total ? say("tracks_listed", figures) : say(Object.keys(wanted).length ? "no_tracks_found" : "no_tracks_yet");
    list.replaceChildren(...(found.total ? [table] : []));
    count.classList.remove("problem");
  } catch (error) {
    count.textContent = error.message;
    count.classList.add("problem");
  }
  list.setAttribute("aria-busy", "false");
}

for (const [name, value] of Object.entries(wanted)) {
  const field = form.elements[name];
  if (field.type === "checkbox") field.checked = true;
  else field.value = value;
}
for (const field of form.querySelectorAll('select, input[type="checkbox"]')) {
  field.addEventListener("change", () => form.requestSubmit());
}
// An address without empty fields is one that people can pass on.
form.addEventListener("formdata", (event) => {
  for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name);
});
more.addEventListener("click", load);
wireBulk(async () => {
  body.replaceChildren();
  [shown, after] = [0, null];
  await load();
});
arrowKeys(list);
load();
