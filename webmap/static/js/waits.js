// What waits for a person at a desk: patches, questions, tracks, pictures and cases, each with where it is done.

import { ask, el, num, say } from "./page.js";

const MOST = 200;
const counted = (n) => (n >= MOST ? say("waits_more", { n: num(MOST) }) : num(n));

const KINDS = [
  ["patches", "waits_patches", "/review", (review) => review.then(({ surveys }) => num(surveys.reduce((sum, one) => sum + one.open, 0)))],
  ["questions", "waits_questions", "/imports", () => ask("imports", { limit: MOST }).then(({ imports }) => counted(imports.length))],
  ["tracks", "waits_tracks", "/tracks?doubtful=1&undecided=1", () => ask("track-list", { limit: 1 }).then(({ waiting }) => num(waiting))],
  ["undated", "waits_undated", "/surveys?state=undated", () => ask("survey-list", { state: "undated", limit: 1 }).then(({ total }) => num(total))],
  ["cases", "waits_cases", "/cases?state=suspected", () => ask("cases", { limit: 1, state: "suspected" }).then(({ counts }) => num(counts.states.suspected ?? 0))],
];

/** Show what waits; `review` is the answer about the review queue that the page asks for anyway. */
export async function showWaits(node, review) {
  const lines = KINDS.map(([kind, words, path, count]) => {
    const figure = el("b", {}, "…");
    const link = el("a", { href: path, "data-waits": kind }, figure, el("span", {}, say(words)));
    return { item: el("li", {}, link), done: count(review).then((n) => {
      figure.textContent = n;
      link.classList.toggle("none", n === "0");
    }).catch(() => { figure.textContent = "–"; }) };
  });
  node.replaceChildren(...lines.map(({ item }) => item));
  await Promise.all(lines.map(({ done }) => done));
  node.setAttribute("aria-busy", "false");
}
