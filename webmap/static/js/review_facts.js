// What is said beside a picture: where it lies, why it is shown, other dates, how far one is.

import { duration, el, moment, num, page, percent, plotArea, say } from "./page.js";
import { reasonsPart } from "./reasons.js";
import { chipAddress } from "./review_chip.js";

const SAID = { poppy: "said_poppy", other: "said_other", unsure: "said_unsure", skipped: "said_skipped" };
const DATE_PX = 256;

export const saidWords = (label) => say(SAID[label] ?? label);
export const whyWords = (reason) => say(`reason_not_${reason}`);

const facts = (entries) =>
  el("dl", {}, entries.filter(Boolean).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));

/** Return what is known of a patch. */
export function factsPart(one, state) {
  const { survey } = page;
  const total = num(state.progress.candidates);
  const order = state.learning
    ? say("place_now", { place: num(one.place), total, first: num(one.first_place) })
    : say("place_score", { place: num(one.first_place), total });
  const [lon, lat] = one.point;
  const said = one.mine ? say(one.earlier ? "earlier_label" : "you_said", { said: saidWords(one.mine) }) : null;
  return [
    el("h2", {}, `${say("patch")} ${one.patch}`),
    said ? el("p", { class: "lead" }, said) : null,
    facts([
      [say("order"), order],
      state.learning ? [say("chance"), say("chance_now", { share: percent(one.chance) })] : null,
      [say("area"), plotArea(one.area_m2)],
      [say("where"), el("span", {}, one.where.length ? `${one.where.join(" › ")} · ` : "",
        el("a", { href: `/map#view=${lat},${lon},19` }, `${lon.toFixed(5)}, ${lat.toFixed(5)}`))],
      [say("survey_taken"), [survey.taken ? moment(survey.taken) : say("unknown"), say("gsd", { cm: num(survey.gsd_cm, 1) })].join(" · ")],
    ]),
    ...reasonsPart(one.reasons),
  ].filter(Boolean);
}

/** Return the same ground on every date there is, earliest first; nothing where there is one only. */
export function datesPart(one, span) {
  if (one.others.length < 2) return [];
  return one.others.map((other) => {
    const words = `${other.taken ? moment(other.taken) : say("unknown")} · ${other.name} · ${say("gsd", { cm: num(other.gsd_cm, 1) })}`;
    const address = chipAddress(one.patch, span, DATE_PX, `&survey=${other.survey}`).replace("outline=0", "outline=1");
    const image = el("img", { src: address, alt: words, width: DATE_PX, height: DATE_PX, loading: "lazy", onerror: () => image.classList.add("missing") });
    return el("figure", { class: other.this ? "this" : null, "data-survey": other.survey }, image,
      el("figcaption", {}, other.this ? el("b", {}, `${say("this_picture")} · `) : null, words));
  });
}

/** Return how far one is, in a sentence. */
export function progressWords({ progress, people }) {
  const values = (names) => Object.fromEntries(Object.entries(names).map(([name, value]) => [name, num(value)]));
  const told = [
    say("seen_of", values({ seen: progress.seen, open: progress.open, settled: progress.settled, total: progress.candidates })),
    say("found_of", values({ yes: progress.poppy, no: progress.other, third: progress.third })),
  ];
  if (people > 1) told.push(say("half_of", values({ n: progress.half })));
  if (progress.left_s) {
    const [low, high] = progress.left_s.map(duration);
    told.push(say("time_left", { each: num(progress.seconds_each, 1), low, high }));
  }
  return told.join(" · ");
}

/** Return what going on would bring. */
export function adviceWords({ advice, learning }) {
  if (!learning) return say("no_learning");
  if (!advice) return "";
  return say("advice", { n: num(advice.candidates), expected: num(advice.expected, 1), low: num(advice.low), high: num(advice.high) });
}
