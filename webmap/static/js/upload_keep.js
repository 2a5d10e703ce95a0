// Files on their way, kept on this device until the server has them whole: what is not too large with
// its bytes, of the others where on the server they go on once they are chosen again.

import { page } from "./page.js";

const FILES = "files";
const PLACES = "places";
const MOST_BYTES = 64e6;

const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

/** Return what names a file: the same one chosen again has the same name. */
export const markOf = (file, person = page.person) => [person, file.name, file.size, file.lastModified].join("|");

async function opened() {
  try {
    const asked = indexedDB.open("geoinspect-uploads", 1);
    asked.onupgradeneeded = () => {
      for (const name of [FILES, PLACES]) asked.result.createObjectStore(name, { keyPath: "id" });
    };
    return await done(asked);
  } catch {
    return null;
  }
}

/** Return the store; without one on this device it keeps nothing and says so. */
export async function openKeep() {
  const base = await opened();
  const within = (name, mode, act) => new Promise((resolve, reject) => {
    const change = base.transaction(name, mode);
    const request = act(change.objectStore(name));
    change.oncomplete = () => resolve(request.result);
    change.onabort = () => reject(change.error);
    change.onerror = () => reject(change.error);
  });
  const tried = (name, mode, act, otherwise) =>
    (base ? within(name, mode, act).catch(() => otherwise) : Promise.resolve(otherwise));
  return {
    /** Return the kept files of a person, by their name, in their order. */
    async files(person = page.person) {
      const all = await tried(FILES, "readonly", (store) => store.getAll(), []);
      return all.filter((one) => one.person === person).sort((one, two) => one.at - two.at);
    },
    /** Return the names of large files that wait to be chosen again. */
    async waiting() {
      const [files, places] = await Promise.all([this.files(), tried(PLACES, "readonly", (store) => store.getAll(), [])]);
      const kept = new Set(files.map(({ id }) => id));
      return places.filter((one) => one.person === page.person && !kept.has(one.id)).map(({ name }) => name);
    },
    /**
     * Keep a file with what is said of it; resolves to whether it is kept with its bytes.
     * @param rests until when the queue leaves it alone, as more may be said of it till then
     */
    put(file, values, person = page.person, rests = 0) {
      if (file.size > MOST_BYTES) return Promise.resolve(false);
      const { name, type, lastModified } = file;
      const entry = { id: markOf(file, person), person, at: Date.now(), name, type, lastModified, values, blob: file, rests };
      return tried(FILES, "readwrite", (store) => store.put(entry), null).then((key) => key !== null);
    },
    /** Say more of a kept file and let it go; what was sent meanwhile stays sent. */
    async tell(file, values, person = page.person) {
      const kept = await tried(FILES, "readonly", (store) => store.get(markOf(file, person)), null);
      if (kept) await tried(FILES, "readwrite", (store) => store.put({ ...kept, values, rests: 0 }), null);
    },
    place: (file, url) => tried(PLACES, "readwrite", (store) => store.put({ id: markOf(file), person: page.person, name: file.name, url }), null),
    placeOf: (file) => tried(PLACES, "readonly", (store) => store.get(markOf(file)), null).then((one) => one?.url ?? null),
    async drop(file) {
      await tried(FILES, "readwrite", (store) => store.delete(markOf(file)), null);
      await tried(PLACES, "readwrite", (store) => store.delete(markOf(file)), null);
    },
  };
}

/** Return a kept entry as the file it was. */
export const fileOf = (entry) => new File([entry.blob], entry.name, { type: entry.type, lastModified: entry.lastModified });
