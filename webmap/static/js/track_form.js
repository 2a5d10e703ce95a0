// What a person may change of a track: how it is read, cleaned and counted, and whose it was.

import { ask, distance, el, moment, page, percent, say, sentence } from "./page.js";
import { outingPart, section } from "./track_panel.js";

const MODES = ["foot", "vehicle", "boat", "drone"];
const DATUMS = { wgs84: "WGS84", gcj02: "GCJ-02", bd09: "BD-09" };
const PURPOSES = ["search", "recheck", "cross_check", "site", "other"];
const COUNTS = ["auto", "whole", "nothing"];
const BETWEEN_CODES = /[\s,;、,;]+/;
const locked = { disabled: !page.may_decide };

/** Return the review that would leave a track as it is. */
const reviewOf = (report) => ({
  rules_off: [...report.choices.rules_off].sort(),
  mode: report.choices.mode,
  datum: report.choices.datum,
  crs: report.choices.crs,
  counts: report.choices.counts,
  unit_code: report.unit_code,
  team: report.team,
  people: [...report.people].sort(),
  purpose: report.purpose,
  note: report.decision.note ?? "",
});

/** Return the review that a form says now. */
function reviewIn(form, report) {
  const of = (name) => form.elements[name].value.trim();
  const { people } = form.elements;
  return {
    rules_off: [...form.querySelectorAll('input[name="rule"]')].filter((box) => !box.checked).map((box) => box.value).sort(),
    mode: of("mode") || null,
    datum: of("datum") || null,
    crs: of("crs") || null,
    counts: form.querySelector('input[name="counts"]:checked').value,
    unit_code: of("unit_code") || null,
    team: of("team") || null,
    // A code may hold what stands between codes: untouched, it is taken as it is.
    people: people.value === people.defaultValue ? [...report.people].sort() : [...new Set(of("people").split(BETWEEN_CODES).filter(Boolean))].sort(),
    purpose: of("purpose"),
    note: of("note"),
  };
}

/** Return what a form changes of a track; nothing else needs to be sent. */
export function changesIn(form, report) {
  const before = reviewOf(report);
  const now = reviewIn(form, report);
  return Object.fromEntries(Object.entries(now).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name])));
}

/** Return the review that takes back another one: what it did not touch stays as it is. */
export const undoOf = (review, report) =>
  Object.fromEntries(Object.entries(reviewOf(report)).filter(([name]) => name in review));

const choice = (name, key, options, chosen) =>
  el("label", { class: "field" }, say(key),
    el("select", { name, ...locked }, options.map(([value, text]) => el("option", { value, selected: value === (chosen ?? "") }, text))));
const field = (name, key, value, more = {}) =>
  el("label", { class: "field" }, say(key), el("input", { name, value: value ?? "", autocomplete: "off", ...locked, ...more }));

/** Return who decided what, and the choices for deciding anew. */
export function decisionPart(report) {
  const { decision } = report;
  const told = decision.at
    ? el("div", { class: "decided" },
      el("p", {}, say("decided_by", { who: decision.by, when: moment(decision.at), how: say(`counts_${decision.counts}`) })),
      decision.note ? el("p", { class: "note-said" }, decision.note) : null)
    : el("p", { class: "hint" }, say(report.doubts.length ? "undecided" : "no_decision"));
  const radios = COUNTS.map((value) =>
    el("label", { class: "radio" },
      el("input", { type: "radio", name: "counts", value, checked: report.choices.counts === value, ...locked }),
      el("span", {}, say(`counts_${value}`), el("span", { class: "hint" }, ` ${say(`counts_${value}_note`)}`))));
  const note = el("label", { class: "field" }, say("note"),
    el("textarea", { name: "note", rows: 2, maxlength: 1000, ...locked }, decision.note ?? ""));
  return section("decision", told,
    page.may_decide ? null : el("p", { class: "lead" }, say("may_not_decide")),
    el("fieldset", { class: "plain" }, el("legend", {}, say("counts_as")), radios), note,
    el("p", { class: "hint" }, say("note_hint")));
}

/** Return the button that shows where the track would lie, read as the form says. */
function tryReading(form, look) {
  const told = el("p", { id: "reading-told", role: "status" });
  const button = el("button", { type: "button", id: "try-reading" }, say("reading_try"));
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const { datum, crs } = form.elements;
      const found = await ask(`tracks/${page.track}/reading`, { datum: datum.value || "auto", crs: crs.value.trim() });
      look(found);
      const moved = found.moved_m === null ? say("unknown") : distance(found.moved_m);
      const share = (value) => (value === null ? say("unknown") : percent(value));
      told.textContent = say("reading_told", { moved, now: share(found.inside_share_now), then: share(found.inside_share) });
    } catch (error) {
      told.textContent = error.message;
    }
    button.disabled = false;
  });
  return el("div", {}, button, told);
}

/** Return the story of the datum, with the choice to read the file in another one. */
export function datumPart(report, form, look) {
  const { datum } = report;
  const named = (value) => DATUMS[value] ?? say("unknown");
  const why = sentence({ message: datum.why, message_zh: datum.why_zh });
  const steps = [
    [say("datum_found"), named(datum.found)],
    [say("datum_declared"), datum.declared ? named(datum.declared) : say("nothing_said")],
    [say("datum_used"), named(datum.used)],
  ];
  const options = [["", say("datum_auto")], ...Object.entries(DATUMS)];
  return section("datum", el("p", {}, why),
    el("dl", {}, steps.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
    choice("datum", "datum_choice", options, report.choices.datum),
    field("crs", "crs_choice", report.choices.crs, { maxlength: 40, placeholder: "EPSG:4545" }),
    page.may_decide ? tryReading(form, look) : null, el("p", { class: "hint" }, say("datum_note")));
}

/** Return whose outing the track was, why they went, and how they moved. */
export function patrolPart(report) {
  const units = [["", say("not_said")], ...page.units];
  const inferred = say("mode_auto", { mode: say(`mode_${report.mode}`) });
  return section("patrol",
    outingPart(report),
    el("div", { class: "fields" },
      choice("unit_code", "unit", units, report.unit_code),
      field("team", "team", report.team, { maxlength: 100 }),
      field("people", "people", report.people.join(" "), { maxlength: 2000, placeholder: say("people_hint") }),
      choice("purpose", "purpose", PURPOSES.map((value) => [value, say(`purpose_${value}`)]), report.purpose),
      choice("mode", "mode", [["", report.choices.mode ? say("by_speed") : inferred], ...MODES.map((mode) => [mode, say(`mode_${mode}`)])], report.choices.mode)));
}
