// Photos on their way to the server: kept on this device (IndexedDB) until it has them, sent in their
// order, and counted once however often they are sent, as each carries an identifier of its own.

import { newId } from "./outbox.js";
import { page, Refused } from "./page.js";
import { sendEvidence } from "./evidence_send.js";

const STORE = "photos";
const AGAIN_MS = 8000;
const FINAL_STATUS = [400, 403, 404, 409, 413, 422];
const isFinal = (error) => error instanceof Refused && Boolean(error.code)
  && FINAL_STATUS.includes(error.status) && error.code !== "page_expired";

const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

/** Return the store of this device; null where it has none. */
async function opened() {
  try {
    const asked = indexedDB.open("geoinspect-photos", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "id" });
    return await done(asked);
  } catch {
    return null;
  }
}

/** Do something with the store and wait until it is written. */
function within(store, mode, act) {
  return new Promise((resolve, reject) => {
    const change = store.transaction(STORE, mode);
    const request = act(change.objectStore(STORE));
    change.oncomplete = () => resolve(request.result);
    change.onabort = () => reject(change.error);
    change.onerror = () => reject(change.error);
  });
}

/**
 * Return the photos' outbox: push(caseId, file, what, values) resolves to whether the device keeps it.
 * @param heard called with an entry and the answer to it
 * @param refused called with an entry and the error that sending again won't mend
 * @param changed called with how many wait
 */
export async function openPhotoOutbox({ heard, refused, changed }) {
  const store = await opened();
  let entries = [];
  let sending = null;
  let timer = null;
  if (store) {
    const all = await within(store, "readonly", (photos) => photos.getAll()).catch(() => []);
    entries = all.filter((one) => one.person === page.person).sort((one, two) => one.at - two.at);
  }

  async function settle(entry) {
    entries = entries.filter((one) => one !== entry);
    // Sent once more it still counts once.
    if (store) await within(store, "readwrite", (photos) => photos.delete(entry.id)).catch(() => null);
    changed(entries.length);
  }

  async function flush() {
    clearTimeout(timer);
    timer = null;
    while (entries.length) {
      const [entry] = entries;
      try {
        const file = new File([entry.blob], entry.name, { type: entry.blob.type });
        const answer = await sendEvidence(entry.caseId, file, { ...entry.values, client_id: entry.id }, () => null);
        await settle(entry);
        heard(entry, answer);
      } catch (error) {
        if (!isFinal(error)) {
          timer = setTimeout(start, AGAIN_MS);
          changed(entries.length);
          return;
        }
        await settle(entry);
        refused(entry, error);
      }
    }
  }

  function start() {
    sending ??= flush().finally(() => { sending = null; if (entries.length && !timer) start(); });
    return sending;
  }

  window.addEventListener("online", start);
  changed(entries.length);
  if (entries.length) queueMicrotask(start);
  return {
    async push(caseId, file, what, values) {
      const at = Math.max(Date.now(), (entries.at(-1)?.at ?? 0) + 1);
      const entry = { id: newId(), person: page.person, at, caseId, what, name: file.name || "photo.jpg", blob: file, values: { kind: "photo", ...values } };
      entries.push(entry);
      const kept = store ? await within(store, "readwrite", (photos) => photos.put(entry)).then(() => true, () => false) : false;
      changed(entries.length);
      start();
      return kept;
    },
    start,
    get waiting() { return entries; },
  };
}
