// Things on their way to the server, as a page sees them: it sends, hears what becomes of it, and leaves
// what could not go to the frame, which sends it later from any page.

import "./carry.js";
import { say, sentence } from "./page.js";

const { carry } = self;
const frame = JSON.parse(document.getElementById("frame").textContent);
const PATIENCE_MS = 12000;
const LONG_PATIENCE_MS = 600000;
const JUST_NOW_MS = 10000;
/** Whose page this is: {id, name}. */
export const whose = { id: frame.person, name: frame.name };

/** Return an identifier, also where the page comes over plain http, which has no randomUUID. */
export const { newId } = carry;

/** Return what this device holds: {waiting, refused, sent, files} of the page's person, and how many of others. */
export const heldHere = () => carry.held(whose);

/** Return what stands in the way of what waits, in words. */
export const troubleWords = (trouble) => say({ other: "q_other_person", out: "signed_out" }[trouble] ?? "failed");

/**
 * Return the outbox: push(path, body, what, more) resolves to {answer}, {refused} or {waits, kept}.
 * `more` is kind, files and photos_to of the parcel, and named(id), which hears its identifier.
 * @param heard called with a parcel that waited and the answer to it
 * @param refused called with a parcel that waited and the error that sending again won't mend
 * @param changed called with how many wait and the last trouble
 */
export function openOutbox({ heard, refused, changed }) {
  const asking = new Map();
  let waiting = [];

  async function look(trouble = null) {
    ({ waiting } = await heldHere());
    changed(waiting.length, trouble ? troubleWords(trouble) : "");
  }

  async function settle({ id, state, answer, why }) {
    const here = await heldHere();
    // What another page or the worker sent tells of itself by its receipt alone.
    const told = answer ?? here.sent.find((one) => one.id === id) ?? {};
    const reason = why ?? here.refused.find((one) => one.id === id)?.why;
    // Sent before this page had looked what waits, it is known by what is kept of it.
    const known = [...waiting, ...here.sent, ...here.refused].find((one) => one.id === id);
    const resolve = asking.get(id);
    asking.delete(id);
    if (resolve && state === "refused") {
      // What was typed still stands in its form.
      await carry.remove(id);
      resolve({ refused: errorOf(reason) });
    } else if (resolve) resolve({ answer: told });
    else if (known && state === "sent") heard(known, told);
    else if (known) refused(known, errorOf(reason));
    await look();
  }

  window.addEventListener("carry", ({ detail }) => {
    if (["sent", "refused"].includes(detail.state)) settle(detail);
    else look();
  });
  window.addEventListener("carry-ended", ({ detail }) => {
    for (const [id, resolve] of detail ? [...asking] : []) {
      asking.delete(id);
      resolve({ waits: true });
    }
    look(detail);
  });
  look();

  return {
    async push(path, body, what, { named = () => null, ...more } = {}) {
      const parcel = await carry.pack(whose.id, { kind: "entry", path, what, body: { happened: new Date().toISOString(), ...body }, ...more });
      const result = new Promise((resolve) => { asking.set(parcel.id, resolve); });
      const kept = await carry.put(parcel);
      named(parcel.id);
      await look();
      // Another page may be sending for long: what is kept goes on without this one.
      const patience = parcel.kind === "evidence" ? LONG_PATIENCE_MS : PATIENCE_MS;
      const timer = setTimeout(() => { asking.get(parcel.id)?.({ waits: true }); asking.delete(parcel.id); }, patience);
      start();
      const told = await result;
      clearTimeout(timer);
      return told.waits ? { ...told, kept } : told;
    },
    start,
    get waiting() { return waiting; },
  };
}

/** Return a server's refusal as an error in the page's language. */
export function errorOf(why) {
  return Object.assign(new Error(why ? sentence(why) : say("failed")), { code: why?.code ?? null });
}

/** Send what waits now; the frame does the same by itself. */
export function start() {
  window.dispatchEvent(new Event("carry-start"));
}

/** Return an outbox that tells of itself in the line `#outbox` of a page. */
export function toldOutbox(after = () => {}) {
  const place = document.getElementById("outbox");
  const show = (words) => { place.textContent = words; place.hidden = !words; };
  const tell = ({ what }, { receipt }) => show(say("sent_later", { what, receipt: receipt ?? "" }));
  // What went while this page was still loading.
  heldHere().then(({ sent: [last] }) => { if (last && last.sent_at > Date.now() - JUST_NOW_MS) tell(last, last); });
  return openOutbox({
    heard: (entry, answer) => {
      tell(entry, answer);
      after(answer);
    },
    refused: (entry, error) => show(say("refused_later", { what: entry.what, why: error.message })),
    changed: (n, trouble) => { if (n && trouble) show(say("waiting_to_send", { n, trouble })); },
  });
}
