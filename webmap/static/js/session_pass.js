// A page that was open or kept for a day has an old forgery token. A fresh one is taken only where the
// person who is signed in is the one who made what waits on the page.

import { ask, page, Refused, say } from "./page.js";

const token = document.querySelector('meta[name="csrf-token"]');

/** Take a fresh token; resolves to "ours", "other" where somebody else is signed in, "none" without an answer. */
export async function freshen() {
  try {
    const told = await ask("field/pass");
    if (![told.person.id, told.person.name].includes(page.person)) return "other";
    token.content = told.csrf;
    return "ours";
  } catch {
    return "none";
  }
}

/** Send something; once more with a fresh token where the page's was too old. */
export async function sentAfresh(send) {
  try {
    return await send();
  } catch (error) {
    if (!(error instanceof Refused) || error.code !== "page_expired") throw error;
    const whose = await freshen();
    if (whose === "ours") return send();
    throw whose === "other" ? new Refused(401, say("q_other_person"), { code: "page_expired" }) : error;
  }
}
