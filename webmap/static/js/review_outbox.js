// Answers on their way: kept on this device until the server has them, sent in their order, and
// counted once however often they are sent.

import { page, Refused, tell } from "./page.js";

const KEY = `review-outbox-${page.person}`;
const AGAIN_MS = 5000;
// What says that it may work later: no connection, a busy server, a session that must be renewed.
const LATER = (error) => error.status === 0 || error.status === 401 || error.status === 429 || error.status >= 500 || error.code === "page_expired";

function load() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((one) => /^(labels|undo)$/.test(one?.kind) && Number.isInteger(one.survey)) : [];
  } catch {
    return [];
  }
}

function save(entries) {
  try {
    localStorage.setItem(KEY, JSON.stringify(entries));
  } catch {
    // Without room on the device they still wait in memory.
  }
}

// Ids also where the page comes over plain http, which has no randomUUID.
const clientId = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/**
 * Return the outbox: push(entry) resolves to the server's answer, or null while it must wait.
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
      try {
        const answer = await tell(`review/${entry.survey}/${entry.kind}`, entry.body);
        forget(entry);
        heard(entry, answer);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        if (LATER(error)) {
          changed(entries.length, error.message);
          timer = setTimeout(start, AGAIN_MS);
          return;
        }
        forget(entry);
        refused(entry, error);
      }
      changed(entries.length, "");
    }
  }

  function forget(entry) {
    entries = entries.filter((one) => one !== entry);
    save(entries);
  }

  function start() {
    sending ??= flush().finally(() => { sending = null; if (entries.length && !timer) start(); });
    return sending;
  }

  window.addEventListener("online", start);
  return {
    waiting: (survey) => entries.filter((one) => one.survey === survey),
    push(survey, kind, body) {
      entries.push({ survey, kind, body: { ...body, client_id: clientId() } });
      save(entries);
      return start();
    },
    start,
  };
}
