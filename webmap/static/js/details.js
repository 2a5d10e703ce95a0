// What the panel shows of one thing that was clicked: a patch, a track.

import { casePart } from "./case_link.js";
import { changeLines } from "./changes.js";
import { stateSign } from "./case_signs.js";
import { ask, day, distance, el, moment, num, plotArea, say, sentence, span } from "./page.js";
import { reasonsPart } from "./reasons.js";
import { siteSquare } from "./site_signs.js";
import { checkPart } from "./survey_card.js";

const list = (entries) =>
  el("dl", {}, entries.filter(Boolean).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));

/** Return a patch, and the elements that tell of it. */
export async function patchCard(id) {
  const patch = await ask(`patches/${id}`);
  return { patch, nodes: patchNodes(patch, id) };
}

function patchNodes(patch, id) {
  const licensed = patch.state === "licensed";
  const missing = el("p", { class: "hint", hidden: true }, say("chip_failed"));
  const chip = el("img", {
    class: "chip", src: patch.chip, width: 320, height: 320, alt: say("chip_alt"),
    onerror: () => { chip.hidden = true; missing.hidden = false; },
  });
  const { survey } = patch;
  const when = survey.taken ? say("taken", { day: moment(survey.taken) }) : null;
  return [
    el("h1", {}, licensed ? say("patch_licensed") : `${say("patch")} ${patch.rank}`),
    chip, missing,
    el("p", { class: "lead" }, say("lead")),
    ...changeLines(patch),
    list([
      [say("rank"), licensed ? say("not_ranked") : say("rank_of", { rank: num(patch.rank) })],
      [say("score"), say("score_note", { score: num(patch.score, 2) })],
      [say("area"), plotArea(patch.area_m2)],
      [say("picture"), [survey.name, when, say("gsd", { cm: num(survey.gsd_cm, 1) })].filter(Boolean).join(" · ")],
    ]),
    ...reasonsPart(patch.reasons),
    licensed ? null : el("p", {}, el("a", { class: "button", href: `/review/${survey.id}?patch=${id}` }, say("open_review"))),
    casePart(id),
    ...checkPart(survey),
  ].filter(Boolean);
}

/** Return the elements that tell of a track in short, its box and its line. */
export async function trackCard(id) {
  const track = await ask(`tracks/${id}`);
  const { datum, doubts } = track;
  const lengths = { raw: distance(track.length_m), clean: distance(track.cleaned_length_m), counted: distance(track.counted_length_m) };
  const flagged = track.rules.reduce((sum, rule) => sum + rule.flagged, 0);
  return {
    bbox: track.bbox,
    geometry: track.geometry,
    nodes: [
      el("h1", {}, track.name),
      el("p", { class: "sub" }, [say("track"), track.unit, track.team, say(`mode_${track.mode}`), day(track.day)].filter(Boolean).join(" · ")),
      track.doubtful ? el("p", { class: "lead" }, say("doubts_waiting", { n: num(doubts.length) })) : null,
      list([
        [say("length"), say("length_note", lengths)],
        [say("points"), say("points_flagged", { n: num(track.points), flagged: num(flagged) })],
        [say("when"), track.first_time ? span(track.first_time, track.last_time) : say("unknown")],
        [say("file"), track.file],
        [say("datum"), sentence({ message: datum.why, message_zh: datum.why_zh })],
      ]),
      doubts.length ? el("h2", {}, say("doubts")) : null,
      doubts.length ? el("ul", {}, doubts.map((doubt) => el("li", {}, sentence(doubt)))) : null,
      el("p", {}, el("a", { class: "button", href: `/tracks/${id}` }, say("track_details"))),
    ].filter(Boolean),
  };
}

/** Return a case, and the elements that tell of it in short. */
export async function caseCard(id) {
  const one = await ask(`cases/${id}`);
  const found = one.case ?? one;
  return { ground: found.ground, nodes: [
    el("h1", {}, found.title),
    el("p", { class: "sub" }, [say("case"), found.number].join(" · ")),
    el("div", { class: "case-card" },
      el("p", { class: "lead-sign" }, stateSign(found.state, found.overdue), say(`state_${found.state}`)),
      found.area_m2 ? el("p", {}, plotArea(found.area_m2)) : null,
      found.deadline ? el("p", {}, say("due_on", { day: day(found.deadline) })) : null,
      el("p", {}, el("a", { class: "button", href: `/cases/${id}` }, say("case_see")))),
  ] };
}

/** Return a site, and the elements that tell of it in short. */
export async function siteCard(id) {
  const one = await ask(`sites/${id}`);
  const site = one.site ?? one;
  const due = site.due ? say(site.days < 0 ? "site_due_past" : "site_next_due", { day: day(site.due) }) : null;
  return { site, nodes: [
    el("h1", {}, site.name),
    el("p", { class: "sub" }, [say("site"), say(`site_kind_${site.kind}`)].join(" · ")),
    el("div", { class: "site-card" },
      el("p", { class: "lead-sign" }, siteSquare(site.state), say(`site_state_${site.state}`)),
      due ? el("p", {}, due) : null,
      el("p", {}, el("a", { class: "button", href: `/sites/${id}` }, say("site_open")))),
  ] };
}
