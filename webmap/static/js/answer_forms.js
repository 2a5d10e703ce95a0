// Forms that answer what an uploaded file asks: its zone, its columns, its day.

import { ask, distance, el, say, sentence, num, tell } from "./page.js";

const MEANINGS = ["lon", "lat", "time", "date", "clock", "track"];
const LIVE_MS = 1500;
// Zones nearest to our ground come first; the others are seldom right.
const NEAREST = 3;

/**
 * Return the form of a question; `read` gives its answer or a sentence of what is missing.
 * @param one the question; @param asked what its receipt asks
 * @param send called with the receipt, what was said, and where to tell of trouble
 */
export function answerForm(one, asked, send) {
  const { parts, read } = { crs: zoneForm, columns: columnForm, day: dayForm }[one.tag](asked);
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const button = el("button", { class: "primary" }, say("im_send"));
  return el("form", { onsubmit: (event) => {
    event.preventDefault();
    const { said, missing } = read();
    problem.textContent = missing ?? "";
    problem.hidden = !missing;
    if (said) send(asked, said, { problem, button });
  } }, ...parts, problem, button);
}

function zoneForm({ receipt, zones }) {
  const name = `zone-${receipt}`;
  const other = el("input", { name: "epsg", maxlength: 12, placeholder: "EPSG:4545", autocomplete: "off", "aria-label": say("im_zone_other") });
  const choices = zones.map((zone) => {
    const away = zone.away_m === null ? say("im_no_ground") : zone.away_m === 0 ? say("im_on_ground") : say("im_away", { distance: distance(zone.away_m) });
    const words = say(zone.area ? "im_zone" : "im_zone_outside", { zone: sentence(zone), area: zone.area, away });
    return el("label", { class: zone.away_m === 0 ? "choice near" : "choice" }, el("input", { type: "radio", name, value: zone.crs }), el("span", {}, words));
  });
  const free = el("input", { type: "radio", name, value: "", checked: !zones.length });
  other.addEventListener("input", () => { free.checked = true; });
  const set = el("fieldset", {}, el("legend", {}, say("im_kind_crs")),
    zones.length ? null : el("p", { class: "hint" }, say("im_zone_none")), ...choices.slice(0, NEAREST),
    choices.length > NEAREST ? el("details", {}, el("summary", {}, say("im_zone_more", { n: num(choices.length - NEAREST) })), ...choices.slice(NEAREST)) : null,
    el("div", { class: "choice" }, el("label", {}, free, " ", say("im_zone_other")), other));
  return { parts: [set], read: () => {
    const crs = set.querySelector("input[type=radio]:checked")?.value || other.value.trim();
    return crs ? { said: { crs } } : { missing: say("im_zone_pick") };
  } };
}

function columnForm({ rows }) {
  if (!rows.length) return { parts: [el("p", { class: "hint" }, say("im_no_rows"))], read: () => ({ missing: say("im_no_rows") }) };
  const selects = rows[0].map((cell, k) => el("select", { "aria-label": say("im_column", { n: k + 1 }) },
    el("option", { value: "" }, say("im_not_used")), ...MEANINGS.map((one) => el("option", { value: one }, say(`im_${one}`)))));
  const table = el("table", {},
    el("caption", { class: "hint" }, say("im_first_rows")),
    el("thead", {}, el("tr", {}, rows[0].map((cell, k) => el("th", { scope: "col" }, say("im_column", { n: k + 1 })))),
      el("tr", {}, selects.map((select) => el("td", {}, select)))),
    el("tbody", {}, rows.map((row) => el("tr", {}, row.map((cell) => el("td", {}, cell))))));
  return { parts: [el("div", { class: "sample", tabindex: 0, role: "region", "aria-label": say("im_first_rows") }, table)], read: () => {
    const said = selects.map((select, k) => [select.value, k + 1]).filter(([meaning]) => meaning);
    const meanings = said.map(([meaning]) => meaning);
    if (!meanings.includes("lon") || !meanings.includes("lat")) return { missing: say("im_column_pick") };
    if (new Set(meanings).size < meanings.length) return { missing: say("im_column_twice") };
    return { said: { columns: said.map((pair) => pair.join("=")).join(",") } };
  } };
}

function dayForm() {
  const field = el("input", { type: "date", required: true });
  return { parts: [el("div", { class: "row-form" }, el("label", {}, say("im_day"), " ", field))],
    read: () => (field.value ? { said: { day: field.value } } : { missing: say("im_day_pick") }) };
}

/**
 * Send an answer and wait for the file to be read again.
 * @param note told what goes on: words, and whether they are bad
 */
export async function answered(told, said, note) {
  let now = await tell(`receipts/${told.receipt}/answers`, said);
  if (said.set_aside) {
    note(say("im_aside_done", { name: told.name }));
    return;
  }
  while (["waiting", "running"].includes(now.job?.state)) {
    note(say("im_reading", { name: told.name }));
    await new Promise((go) => { setTimeout(go, LIVE_MS); });
    now = await ask(`receipts/${told.receipt}/questions`);
  }
  const failed = now.job?.state === "failed" ? now.job.error : null;
  note(say("im_read", { name: told.name, result: sentence(failed ?? now.result ?? {}) }), Boolean(failed) || now.status === "refused");
}
