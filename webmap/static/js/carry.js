// What people entered and what must reach the server: kept on this device until it has it, sent in its
// order, counted once however often it is sent, as each parcel carries an identifier of its own. A plain
// script that puts `carry` on the global object, as the pages import it and the service worker loads it.

(() => {
  const PARCELS = "parcels";
  const LOCK = "geoinspect-carry";
  const FILES_LOCK = "geoinspect-files";
  const WEEK_MS = 7 * 86400e3;
  const FINAL = [400, 403, 404, 409, 410, 413, 415, 422];
  const PATIENCE_MS = 60000;
  const RESTS_MS = 60000;
  const SLOWEST_BYTES_PER_MS = 2;
  const PIECE_BYTES = 512 * 1024;
  const CHECKED_BYTES = 64e6;
  const TUS = { "Tus-Resumable": "1.0.0" };
  const RAW = "application/octet-stream";
  const memory = new Map();
  const line = self.BroadcastChannel ? new BroadcastChannel("geoinspect-carry") : null;
  let opening = null;
  let fileBase = null;
  let running = null;

  const newId = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

  async function opened(name, stores) {
    try {
      const asked = indexedDB.open(name, 1);
      asked.onupgradeneeded = () => { for (const one of stores) asked.result.createObjectStore(one, { keyPath: "id" }); };
      return await done(asked);
    } catch {
      return null;
    }
  }

  const parcels = () => { opening ??= opened("geoinspect-carry", [PARCELS]); return opening; };
  const uploads = () => { fileBase ??= opened("geoinspect-uploads", ["files", "places"]); return fileBase; };

  /** Do something with a store and wait until it is written; `otherwise` where that can't be. */
  async function within(base, name, mode, act, otherwise) {
    const open = await base();
    if (!open) return otherwise;
    return new Promise((resolve) => {
      const change = open.transaction(name, mode);
      const request = act(change.objectStore(name));
      change.oncomplete = () => resolve(request.result);
      change.onabort = () => resolve(otherwise);
      change.onerror = () => resolve(otherwise);
    });
  }

  async function all() {
    const kept = await within(parcels, PARCELS, "readonly", (store) => store.getAll(), []);
    const here = new Set(kept.map(({ id }) => id));
    return [...kept, ...[...memory.values()].filter(({ id }) => !here.has(id))].sort((one, two) => one.at - two.at);
  }

  /** Keep a parcel; resolves to whether the device does, and not this page alone. */
  async function put(parcel) {
    const key = await within(parcels, PARCELS, "readwrite", (store) => store.put(parcel), null);
    if (key === null) memory.set(parcel.id, parcel);
    else memory.delete(parcel.id);
    return key !== null;
  }

  async function remove(id) {
    memory.delete(id);
    await within(parcels, PARCELS, "readwrite", (store) => store.delete(id), null);
  }

  const allFiles = () => within(uploads, "files", "readonly", (store) => store.getAll(), []);

  /** Return what this device holds for a person, and how many things of others wait, which nobody else reads. */
  async function held({ id, name }) {
    const [found, files] = await Promise.all([all(), allFiles()]);
    const mine = found.filter((one) => one.person === id);
    const ours = files.filter((one) => one.person === name).sort((one, two) => one.at - two.at);
    const others = found.filter((one) => one.person !== id && one.state !== "sent").length + files.length - ours.length;
    const of = (state) => mine.filter((one) => one.state === state);
    return { waiting: of("waiting"), refused: of("refused"), sent: of("sent").reverse(), files: ours, others };
  }

  function changed(told = {}) {
    line?.postMessage({ id: told.id, state: told.state });
    if (self.document) window.dispatchEvent(new CustomEvent("carry", { detail: told }));
  }
  line?.addEventListener("message", ({ data }) => {
    if (self.document) window.dispatchEvent(new CustomEvent("carry", { detail: data ?? {} }));
  });

  /** An answer that was no yes; status 0 is no answer at all. */
  class Trouble extends Error {
    constructor(status, told = null) {
      super(told?.message ?? String(status));
      Object.assign(this, { status, code: told?.code ?? null, told });
    }
  }
  const isFinal = ({ status, code }) => Boolean(code) && FINAL.includes(status) && code !== "page_expired";

  async function asked(path, { bytes = 0, empty = false, ...request } = {}) {
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), PATIENCE_MS + bytes / SLOWEST_BYTES_PER_MS);
    try {
      const answer = await fetch(path, { ...request, signal: giveUp.signal, redirect: "error" });
      if (answer.ok) return { headers: answer.headers, told: empty || answer.status === 204 || request.method === "HEAD" ? null : await answer.json() };
      throw new Trouble(answer.status, await answer.json().catch(() => null));
    } catch (error) {
      throw error instanceof Trouble ? error : new Trouble(0);
    } finally {
      clearTimeout(timer);
    }
  }

  async function checksum(blob) {
    if (!self.crypto?.subtle || blob.size > CHECKED_BYTES) return {};
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
    return { sha256: [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("") };
  }

  /** Send raw bytes; a page that looks on hears how far it is. */
  async function raw(path, values, blob, csrf, id) {
    const address = `${path}?${new URLSearchParams({ ...values, ...(await checksum(blob)) })}`;
    const headers = { "Content-Type": RAW, Accept: "application/json", "X-CSRFToken": csrf };
    if (!self.XMLHttpRequest) return (await asked(address, { method: "POST", headers, body: blob, bytes: blob.size })).told;
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", address);
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.responseType = "json";
      request.timeout = PATIENCE_MS + blob.size / SLOWEST_BYTES_PER_MS;
      request.upload.addEventListener("progress", ({ loaded, total }) => {
        window.dispatchEvent(new CustomEvent("carry-went", { detail: { id, share: loaded / Math.max(total, 1) } }));
      });
      request.addEventListener("load", () => (request.status === 201 && request.response ? resolve(request.response) : reject(new Trouble(request.status, request.response))));
      for (const name of ["error", "abort", "timeout"]) request.addEventListener(name, () => reject(new Trouble(0)));
      request.send(blob);
    });
  }

  /** Send one parcel: its photos first, each once, then what was entered. */
  async function deliver(parcel, csrf) {
    const { id, path, body, files = [] } = parcel;
    if (parcel.kind === "evidence") {
      const [file] = files;
      return raw(`/api/v1/${path}`, { name: file.name, ...body, client_id: id }, file.blob, csrf, id);
    }
    for (const file of files.filter((one) => !one.there)) {
      const { photo } = await raw(`/api/v1/${parcel.photos_to}`, { name: file.name }, file.blob, csrf, id);
      file.there = { sha256: photo.sha256, name: photo.name, token: photo.token };
      await put(parcel);
    }
    const photos = files.length ? { photos: files.map(({ there }) => there) } : {};
    const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrf };
    return (await asked(`/api/v1/${path}`, { method: "POST", headers, body: JSON.stringify({ ...body, ...photos, client_id: id }) })).told;
  }

  async function settled(parcel, more, answer = null) {
    const { id, person, at, kind, path, what } = parcel;
    // Of what has arrived only the receipt stays.
    await put(more.state === "sent" ? { id, person, at, kind, path, what, ...more } : { ...parcel, ...more });
    changed({ id, state: more.state, answer, why: more.why ?? null });
  }

  async function sendParcels(person, csrf) {
    const passed = new Set();
    for (;;) {
      const next = (await all()).find((one) => one.person === person && one.state === "waiting" && !passed.has(one.path));
      if (!next) return;
      try {
        const answer = await deliver(next, csrf);
        await settled(next, { state: "sent", receipt: answer.receipt, sent_at: Date.now() }, answer);
      } catch (error) {
        if (!(error instanceof Trouble)) throw error;
        if (isFinal(error)) await settled(next, { state: "refused", why: error.told, refused_at: Date.now() });
        // A fault of the server with one thing never holds up what belongs elsewhere.
        else if (error.status >= 500 && error.status !== 503) passed.add(next.path);
        else throw error;
      }
    }
  }

  const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

  /** Send one file by tus from where it stands; resolves once the server has it whole. */
  async function sendFile(entry, csrf) {
    const headers = { ...TUS, "X-CSRFToken": csrf };
    const place = await within(uploads, "places", "readonly", (store) => store.get(entry.id), null);
    let url = place?.url ?? null;
    let offset = 0;
    if (url) {
      try {
        offset = Number((await asked(url, { method: "HEAD", headers: TUS })).headers.get("Upload-Offset"));
      } catch (error) {
        if (![404, 410].includes(error.status)) throw error;
        url = null;
      }
    }
    if (!url) {
      const said = { ...entry.values, filename: entry.name, ...(await checksum(entry.blob)) };
      const metadata = Object.entries(said).map(([name, value]) => `${name} ${base64(String(value))}`).join(",");
      const begun = await begin({ ...headers, "Upload-Length": entry.blob.size, "Upload-Metadata": metadata });
      url = begun;
      offset = 0;
      await within(uploads, "places", "readwrite", (store) => store.put({ id: entry.id, person: entry.person, name: entry.name, url }), null);
    }
    while (offset < entry.blob.size) {
      const piece = entry.blob.slice(offset, offset + PIECE_BYTES);
      const sent = await asked(url, { method: "PATCH", headers: { ...headers, "Upload-Offset": offset, "Content-Type": "application/offset+octet-stream" }, body: piece, bytes: piece.size });
      offset = Number(sent.headers.get("Upload-Offset"));
    }
    const { told } = await asked(url, { headers: { Accept: "application/json" } });
    if (told.state === "refused") throw new Trouble(422, { code: "refused", ...told.error });
    return told.receipt;
  }

  async function begin(headers) {
    const begun = await asked("/api/v1/uploads", { method: "POST", headers, empty: true });
    return new URL(begun.headers.get("Location"), self.location.origin).pathname;
  }

  // Also where the clock is set back meanwhile.
  const rests = ({ rests: until = 0 }) => until > Date.now() && until < Date.now() + RESTS_MS;

  async function sendFiles(name, csrf) {
    for (const entry of (await allFiles()).filter((one) => one.person === name && !one.why && !rests(one))) {
      try {
        if (!(await sendFile(entry, csrf))) continue;
        for (const store of ["files", "places"]) await within(uploads, store, "readwrite", (of) => of.delete(entry.id), null);
      } catch (error) {
        if (!(error instanceof Trouble)) throw error;
        // A fault of the server with one file never holds up the others.
        if (error.status === 409 || (error.status >= 500 && error.status !== 503)) continue;
        if (!isFinal(error)) throw error;
        await within(uploads, "files", "readwrite", (store) => store.put({ ...entry, why: error.told }), null);
      }
      changed({ id: entry.id, state: "file" });
    }
  }

  /**
   * Send what waits for whoever is signed in; resolves to what stands in its way: "", "line", "out"
   * (signed out), "other" (somebody else is signed in) or "later".
   * @param person whose page asks; null sends for whoever is signed in
   */
  async function flush(person) {
    const [found, files] = await Promise.all([all(), allFiles()]);
    for (const old of found.filter((one) => one.state === "sent" && Date.now() - one.sent_at > WEEK_MS)) await remove(old.id);
    const mine = found.filter((one) => one.state === "waiting" && (person === null || one.person === person));
    if (!mine.length && !files.some((one) => !one.why)) return "";
    try {
      const { told: pass } = await asked("/api/v1/field/pass", { headers: { Accept: "application/json" }, cache: "no-store" });
      if (person !== null && pass.person.id !== person) return mine.length ? "other" : "";
      await sendParcels(pass.person.id, pass.csrf);
      const send = () => sendFiles(pass.person.name, pass.csrf);
      if (!self.navigator.locks) await send();
      // While the upload page is open it sends the files itself.
      else await navigator.locks.request(FILES_LOCK, { ifAvailable: true }, (lock) => (lock ? send() : null));
      return (await all()).some((one) => one.person === pass.person.id && one.state === "waiting") ? "later" : "";
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      return error.status === 401 ? "out" : error.status === 0 ? "line" : "later";
    }
  }

  function send(person = null) {
    const locked = () => (self.navigator.locks ? navigator.locks.request(LOCK, () => flush(person)) : flush(person));
    running = (running ?? Promise.resolve()).catch(() => null).then(locked);
    return running;
  }

  /** Return a parcel that waits, later than all before it also where the clock is set back. */
  async function pack(person, parcel) {
    const last = (await all()).reduce((most, { at }) => Math.max(most, at), 0);
    return { id: newId(), person, at: Math.max(Date.now(), last + 1), state: "waiting", ...parcel };
  }

  /** Drop the receipts that stay here, as a person leaves; what waits stays theirs. */
  async function forgetSent() {
    for (const one of await all()) if (one.state === "sent") await remove(one.id);
  }

  self.carry = { newId, held, put, remove, pack, send, changed, forgetSent };
})();
