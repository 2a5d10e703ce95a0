// Things on their way to the server: kept on this device until it has them, sent in their order, and
// counted once however often they are sent, as each carries an identifier of its own.

import { page, Refused, say, tell } from "./page.js";

const PREFIX = `outbox/${encodeURIComponent(page.person)}/`;
const AGAIN_MS = 8000;
const FINAL_STATUS = [400, 403, 404, 409, 413, 422];
/** Return whether the server itself refused for good; a page that is too old is tried again after signing in. */
const isFinal = (error) => error instanceof Refused && Boolean(error.code)
  && FINAL_STATUS.includes(error.status) && error.code !== "page_expired";

/** Return an identifier, also where the page comes over plain http, which has no randomUUID. */
export const newId = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const keyOf = (entry) => `${PREFIX}${entry.body?.client_id}`;

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
    const sound = typeof one?.path === "string" && Number.isFinite(one.at) && keyOf(one) === key;
    return sound ? one : null;
  } catch {
    return null;
  }
}

/**
 * Return the outbox: push(path, body, what) resolves to {answer}, {refused} or {waits}.
 * @param heard called with an entry that waited and the answer to it
 * @param refused called with an entry that waited and the error that sending again won't mend
 * @param changed called with how many wait and the last trouble
 */
export function openOutbox({ heard, refused, changed }) {
  let entries = load();
  let sending = null;
  let timer = null;
  const asking = new Map();

  function settle(entry, result) {
    entries = entries.filter((one) => one !== entry);
    try {
      localStorage.removeItem(keyOf(entry));
    } catch {
      // Sent once more it still counts once.
    }
    changed(entries.length, "");
    const waiting = asking.get(entry);
    asking.delete(entry);
    if (waiting) waiting(result);
    else if (result.refused) refused(entry, result.refused);
    else heard(entry, result.answer);
  }

  async function flush() {
    clearTimeout(timer);
    timer = null;
    while (entries.length) {
      const [entry] = entries;
      try {
        const answer = await tell(entry.path, entry.body);
        settle(entry, { answer });
      } catch (error) {
        if (!isFinal(error)) {
          for (const [one, waiting] of asking) {
            asking.delete(one);
            waiting({ waits: error });
          }
          changed(entries.length, error.message);
          timer = setTimeout(start, AGAIN_MS);
          return;
        }
        settle(entry, { refused: error });
      }
    }
  }

  function start() {
    sending ??= flush().finally(() => { sending = null; if (entries.length && !timer) start(); });
    return sending;
  }

  window.addEventListener("online", start);
  if (entries.length) queueMicrotask(() => { changed(entries.length, ""); start(); });
  return {
    push(path, body, what) {
      // Later than all before, also where several come in one millisecond or the clock is set back.
      const at = Math.max(Date.now(), (entries.at(-1)?.at ?? 0) + 1);
      const entry = { path, what, at, body: { happened: new Date().toISOString(), ...body, client_id: newId() } };
      entries.push(entry);
      try {
        localStorage.setItem(keyOf(entry), JSON.stringify(entry));
      } catch {
        // Without room on the device it still waits in memory.
      }
      return new Promise((resolve) => {
        asking.set(entry, resolve);
        start();
      });
    },
    start,
    get waiting() { return entries; },
  };
}

/** Return an outbox that tells of itself in the line `#outbox` of a page. */
export function toldOutbox(after = () => {}) {
  const line = document.getElementById("outbox");
  const show = (words) => { line.textContent = words; line.hidden = !words; };
  return openOutbox({
    heard: (entry, answer) => {
      show(say("sent_later", { what: entry.what, receipt: answer.receipt }));
      after(answer);
    },
    refused: (entry, error) => show(say("refused_later", { what: entry.what, why: error.message })),
    changed: (n, trouble) => { if (n && trouble) show(say("waiting_to_send", { n, trouble })); },
  });
}
