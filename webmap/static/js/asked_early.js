// Questions to the API that a page asked before the scripts were there that show the answers.

import { addressOf, ask } from "./page.js";

const asked = new Map();

/** Ask now; whoever wants the answer takes it with `askFirst`. */
export function askEarly(path, values = {}) {
  const answer = ask(path, values);
  // Whoever takes it is told of its failure; until then nobody is.
  answer.catch(() => {});
  asked.set(addressOf(path, values), answer);
}

/** Ask the API; an answer that was asked for early is taken once, so that later ones are new. */
export function askFirst(path, values = {}) {
  const address = addressOf(path, values);
  const early = asked.get(address);
  asked.delete(address);
  return early ?? ask(path, values);
}

/** Forget what nobody took: it grows old. */
export const forgetEarly = () => asked.clear();
