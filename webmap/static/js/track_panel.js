// What the panel tells of one track: lengths, doubts, where it was, and what it repeats.

import { figure, secondsOf } from "./figures.js";
import { clock, day, distance, duration, el, num, page, percent, say, sentence, span } from "./page.js";
import { peopleOf, verdict } from "./outings.js";
import { ruleKey } from "./track_signs.js";

const words = (entry) => sentence({ message: entry.name, message_zh: entry.name_zh });
const list = (entries) =>
  el("dl", {}, entries.filter(Boolean).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
export const section = (key, ...nodes) =>
  el("section", { class: key }, el("h2", {}, say(key)), ...nodes);
const hint = (key, values) => el("p", { class: "hint" }, say(key, values));
const trackLink = (id, text) => el("a", { href: `/tracks/${id}` }, text);

/** Give each rule its name in the page's language. */
export function nameRules(report) {
  for (const rule of report.rules) rule.words = words(rule);
  return report;
}

/** Return the head of the panel: which track, whose, when. */
export function headPart(report) {
  const whose = [report.unit, report.team, say(`mode_${report.mode}`), day(report.day)];
  return [
    el("h1", {}, report.name),
    el("p", { class: "sub" }, [`${say("track")} ${report.id}`, ...whose].filter(Boolean).join(" · ")),
  ];
}

/** Return the lengths: as read, as cleaned, as counted, and inside the own area. */
export function lengthsPart(report) {
  const share = (m) => (report.length_m > 0 ? percent(m / report.length_m) : "–");
  const row = (key, m) =>
    el("tr", {}, el("th", { scope: "row" }, say(key)),
      el("td", { class: "num", id: key }, m === null ? "–" : distance(m)),
      el("td", { class: "num" }, m === null ? "" : share(m)));
  return section("lengths",
    el("table", { class: "plain" },
      el("thead", {}, el("tr", {}, el("td"), el("th", { class: "num", scope: "col" }, say("length")), el("th", { class: "num", scope: "col" }, say("of_raw")))),
      el("tbody", {}, row("length_raw", report.length_m), row("length_cleaned", report.cleaned_length_m),
        row("length_counted", report.counted_length_m), row("length_inside", report.inside_length_m))),
    hint(report.inside_length_m === null ? "inside_unknown" : "lengths_note"));
}

/** Return the reasons for a person to look at the track, with what stands behind each. */
export function doubtsPart(report) {
  if (!report.doubts.length) return section("doubts", hint("no_doubts"));
  const items = report.doubts.map((doubt) =>
    el("li", {}, el("div", {}, sentence(doubt)), evidence(doubt.evidence ?? {})));
  return section("doubts", el("ol", { class: "doubt-list" }, items), hint("doubts_note"));
}

function evidence(given) {
  const entries = Object.entries(given);
  if (!entries.length) return null;
  const parts = entries.map(([name, value]) =>
    name === "track"
      ? el("span", {}, trackLink(value, `${say("track")} ${value}`))
      : el("span", {}, `${say(`evidence_${name}`)} `, el("b", {}, name === "kind" ? say(`copy_${value}`) : figure(name, value))));
  return el("div", { class: "evidence" }, parts);
}

/** Return the rules with what each flagged and a switch, and the settings they went by. */
export function rulesPart(report, on) {
  const rows = report.rules.map((rule) =>
    el("li", { "data-rule": rule.rule },
      el("label", {},
        el("input", { type: "checkbox", name: "rule", value: rule.rule, checked: !rule.off, disabled: !page.may_decide }),
        ruleKey(rule.rule), el("span", { class: "what" }, rule.words)),
      rule.flagged ? el("button", { type: "button", class: "link", onclick: () => on.rule(rule.rule), title: say("show_on_map") }, say("flagged", { n: num(rule.flagged) }))
        : el("span", { class: "hint" }, rule.off ? say("rule_off") : say("flagged", { n: 0 }))));
  const settings = Object.entries(report.settings).map(([name, value]) => [say(`setting_${name}`), figure(name, value)]);
  const used = el("details", {}, el("summary", {}, say("settings_used", { mode: say(`mode_${report.mode}`) })), list(settings), hint("settings_note"));
  return section("rules", hint("rules_note"), el("ul", { class: "rule-list" }, rows), used);
}

/** Return what the file was: format, points, what of it could not be used, what was said of it. */
export function readPart(report) {
  const refused = report.points_refused.map((entry) => `${words(entry)} ${num(entry.count)}`);
  const notes = [report, ...report.problems].map(sentence).filter(Boolean);
  return section("was_read",
    list([
      [say("file"), report.part ? say("file_part", { file: report.file, n: report.part + 1 }) : report.file],
      [say("format"), report.format],
      [say("points"), say("points_usable", { n: num(report.points) })],
      [say("points_refused"), refused.length ? refused.join(say("comma")) : say("none")],
      [say("when"), report.first_time ? span(report.first_time, report.last_time) : say("unknown")],
    ]),
    el("ul", { class: "notes" }, notes.map((note) => el("li", {}, note))));
}

/** Return where the track stood still. */
export function stopsPart(report, on) {
  if (!report.stops.length) return section("stops", hint("no_stops"));
  const items = report.stops.map((stop) =>
    el("li", {},
      el("button", { type: "button", class: "link", onclick: () => on.place(stop.lon, stop.lat), title: say("show_on_map") }, duration(secondsOf(stop))),
      el("span", { class: "hint" }, ` ${clock(stop.start)} – ${clock(stop.end)} (${say("beijing")})${say("comma")}${say("stop_points", { n: num(stop.points) })}`)));
  return section("stops", el("ol", { class: "stop-list" }, items));
}

/** Return what the track repeats and what repeats it, each with its page. `names` by number. */
export function repeatsPart(report, names) {
  if (!report.repeats.length && !report.repeated_by.length) return section("repeats", hint("no_repeats"));
  const item = (copy, key) =>
    el("li", {}, `${say(key)} `, trackLink(copy.track, [`${say("track")} ${copy.track}`, names.get(copy.track)].filter(Boolean).join(" ")),
      el("div", { class: "hint" }, [
        say(`copy_${copy.kind}`),
        say("shares", { mine: percent(copy.share), other: percent(copy.other_share) }),
        copy.offset_s ? say("offset", { time: `${copy.offset_s < 0 ? "−" : "+"}${duration(Math.abs(copy.offset_s))}` }) : null,
        copy.shift_m ? say("shifted_by", { length: distance(copy.shift_m) }) : null,
      ].filter(Boolean).join(say("comma"))));
  return section("repeats",
    el("ul", { class: "repeat-list" },
      report.repeats.map((copy) => item(copy, "repeats_track")),
      report.repeated_by.map((copy) => item({ ...copy, share: copy.other_share, other_share: copy.share }, "repeated_by_track"))),
    hint("repeats_note"));
}

/** Return the outing that the track belongs to. */
export function outingPart({ patrol, id }) {
  if (!patrol) return hint("no_outing");
  const others = patrol.tracks.filter((track) => track !== id);
  const month = patrol.day.slice(0, 7);
  return el("div", {},
    list([
      [say("person_hours"), say("hours_of", { n: num(patrol.person_hours, 1), people: peopleOf(patrol) })],
      [say("distance_once"), distance(patrol.distance_m)],
      [say("valid_patrol"), verdict(patrol)],
      others.length ? [say("other_tracks"), el("span", {}, others.flatMap((track, k) => [k ? say("comma") : "", trackLink(track, String(track))]))] : null,
    ]),
    el("p", {}, el("a", { href: `/patrols?month=${month}#patrol-${patrol.id}` }, say("see_outing"))));
}
