// Answers on their way: kept on this device until the server has them, sent in their order, and
// counted once however often they are sent.

import { page, Refused, say, tell } from "./page.js";

// One key an entry: several pages of one person may have answers waiting, and none writes over another's.
const PREFIX = `review-outbox/${encodeURIComponent(page.person)}/`;
const AGAIN_MS = 5000;
/** Return whether the server itself refused for good: without its code somebody else may have answered. */
const isFinal = (error) => error instanceof Refused && Boolean(error.code)
  && error.status >= 400 && error.status < 500 && ![401, 429].includes(error.status) && error.code !== "page_expired";

function load() {
  const found = [];
  try {
    for (const key of Object.keys(localStorage).filter((one) => one.startsWith(PREFIX))) {
      const entry = read(key);
      if (entry) found.push(entry);
    }
  } catch {
    // Without a store nothing was kept.
  }
  return found.sort((one, two) => one.at - two.at);
}

function read(key) {
  try {
    const one = JSON.parse(localStorage.getItem(key));
    const sound = /^(labels|undo)$/.test(one?.kind) && Number.isInteger(one.survey) && Number.isFinite(one.at);
    return sound && keyOf(one) === key ? one : null;
  } catch {
    return null;
  }
}

const keyOf = (entry) => `${PREFIX}${entry.body?.client_id}`;

function keep(entry) {
  try {
    localStorage.setItem(keyOf(entry), JSON.stringify(entry));
  } catch {
    // Without room on the device it still waits in memory.
  }
}

/** Send an entry; only an answer of the review queue says that it arrived. */
async function deliver(entry) {
  const answer = await tell(`review/${entry.survey}/${entry.kind}`, entry.body);
  if (!Array.isArray(answer?.coming)) throw new Error(say("failed"));
  return answer;
}

// Ids also where the page comes over plain http, which has no randomUUID.
const clientId = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/**
 * Return the outbox: push(survey, kind, body) resolves when it is sent, or must wait for later.
 * @param heard called with the answer to an entry
 * @param refused called with an error that sending again won't mend
 * @param changed called with how many wait and the last trouble
 */
export function openOutbox({ heard, refused, changed }) {
  let entries = load();
  let sending = null;
  let timer = null;

  async function flush() {
    clearTimeout(timer);
    timer = null;
    while (entries.length) {
      const [entry] = entries;
      let answer = null;
      let trouble = null;
      try {
        answer = await deliver(entry);
      } catch (error) {
        if (!isFinal(error)) {
          changed(entries.length, error.message);
          timer = setTimeout(start, AGAIN_MS);
          return;
        }
        trouble = error;
      }
      forget(entry);
      changed(entries.length, "");
      if (trouble) refused(entry, trouble);
      else heard(entry, answer);
    }
  }

  function forget(entry) {
    entries = entries.filter((one) => one !== entry);
    try {
      localStorage.removeItem(keyOf(entry));
    } catch {
      // Sent once more it still counts once.
    }
  }

  function start() {
    sending ??= flush().finally(() => { sending = null; if (entries.length && !timer) start(); });
    return sending;
  }

  window.addEventListener("online", start);
  return {
    waiting: (survey) => entries.filter((one) => one.survey === survey),
    push(survey, kind, body) {
      // Later than all before, also where several come in one millisecond or the clock is set back.
      const at = Math.max(Date.now(), (entries.at(-1)?.at ?? 0) + 1);
      const entry = { survey, kind, at, body: { ...body, client_id: clientId() } };
      entries.push(entry);
      keep(entry);
      return start();
    },
    start,
  };
}
