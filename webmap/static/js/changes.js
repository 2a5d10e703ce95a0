// What changed between two surveys: counts in a survey's card, a line in a patch's.

import { day, el, num, say, sentence } from "./page.js";

const COUNTED = { new: "change_count_new", grown: "change_count_grown", cleared: "change_count_cleared" };
const SAID = {
  new: "change_new", grown: "change_grown", unchanged: "change_unchanged",
  shrunk: "change_shrunk", cleared: "change_cleared", not_seen: "change_not_seen",
};

/** Return the elements that count what changed since earlier surveys; `fly` goes to a box. */
export function changesPart({ changes }, fly) {
  if (!changes?.length) return [];
  return [
    el("h2", {}, say("changes")),
    ...changes.flatMap((one) => [
      el("p", { class: "sub" }, since(one.before.day, one.before.name)),
      one.stale ? el("p", { class: "problem" }, say("changes_old")) : null,
      el("ul", { class: "facts" }, Object.keys(COUNTED).map((state) => countItem(state, one, fly))),
      el("p", { class: "note" }, [
        one.aligned ? null : say("changes_unaligned"),
        say("changes_uncertain", { n: num(one.uncertain) }),
      ].filter(Boolean).join(" ")),
    ].filter(Boolean)),
  ];
}

function countItem(state, one, fly) {
  const words = say(COUNTED[state], { n: num(one.counts[state]) });
  const box = one.boxes[state];
  // The patches of a stale comparison are gone: there is nothing to fly to.
  if (!box || !fly || one.stale) return el("li", {}, words);
  return el("li", {}, el("button", { type: "button", class: "link", onclick: () => fly(box) }, words));
}

/** Return the lines that tell what became of a patch since earlier surveys. */
export function changeLines({ changes }) {
  return (changes ?? []).map((one) => el("p", { class: "note change" },
    el("b", {}, say(SAID[one.state], { day: one.since ? day(one.since) : say("unknown") })),
    one.uncertain ? ` (${say("change_uncertain")})` : "",
    ` · ${sentence({ message: one.reason, message_zh: one.reason_zh })}`));
}

function since(date, name) {
  return say("changes_since", { day: date ? day(date) : say("unknown"), name });
}
