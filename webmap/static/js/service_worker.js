// Keeps the pages of a field person's day on the phone. What belongs to a person lies in one cache that
// is named by their session: another session's answer, a sign-out or an ended session drops it. What
// is sent to the server never passes through a cache: `carry` keeps it, and is sent here too where the
// browser wakes the worker once there is a signal.

const { build, files, pages } = self.OFFLINE;
importScripts(files.find((name) => name.endsWith("/js/carry.js")));
const STATIC = `static-${build}`;
const MINE = `mine-${build}-`;
const TAG = "X-Offline-Tag";
const META = "/offline-meta";
const STAND_IN = "/offline";
const PATIENCE_MS = 4000;
const MOST_BYTES = 20e6;
const AT_ONCE = 4;
const PAGE = /^\/(today|upload|sent|me|cases\/\d+|sites\/\d+)$/;
const ANSWER = /^\/api\/v1\/(today|field\/week|receipts|uploads|cases\/(\d+|moves)|sites\/\d+)$/;
const TILE = /^\/tiles\/base\//;
// Grows whenever what was kept is dropped: an answer that was asked for before is kept no more.
let dropped = 0;

const isMine = (name) => name.startsWith("mine-");
const rest = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
/** Return under which name an answer is kept: a page and the list of the day whatever their query says. */
const keyOf = (url) => (PAGE.test(url.pathname) || url.pathname === "/api/v1/today" ? url.pathname : url.pathname + url.search);

async function forget(but = "") {
  for (const name of await caches.keys()) if (isMine(name) && name !== but) await caches.delete(name);
}

async function forgetAll() {
  dropped += 1;
  await forget();
}

async function own() {
  const name = (await caches.keys()).find((one) => one.startsWith(MINE));
  return name ? caches.open(name) : null;
}

const kept = async (key) => (await own())?.match(key);

/** Keep an answer under its session's name; an answer that says that the session ended drops all. */
async function keep(key, answer, since) {
  if (answer.status === 401 || answer.type === "opaqueredirect" || answer.redirected) {
    await forgetAll();
    return 0;
  }
  const tag = answer.headers.get(TAG);
  if (!answer.ok || !tag || since !== dropped) return 0;
  const body = await answer.arrayBuffer();
  if (since !== dropped) return 0;
  const name = MINE + tag;
  await forget(name);
  const cache = await caches.open(name);
  await cache.put(key, new Response(body, { status: answer.status, headers: answer.headers }));
  return body.byteLength;
}

/** Answer from the network and keep it; from what was kept where that fails or takes long. */
async function freshOrKept(event, key) {
  const since = dropped;
  const old = await kept(key);
  const asked = fetch(event.request);
  event.waitUntil(asked.then((answer) => keep(key, answer.clone(), since)).catch(() => null));
  if (!old) return asked;
  const heard = asked.then((answer) => (answer.status >= 500 ? old : answer), () => old);
  return Promise.race([heard, rest(PATIENCE_MS).then(() => old)]);
}

/** Whoever signs in gets pages of their own, also where the line is too slow for them to come soon. */
async function signIn(request) {
  const answer = await fetch(request);
  if (answer.type === "opaqueredirect" || answer.redirected) await forgetAll();
  return answer;
}

const standIn = async () => (await caches.match(STAND_IN)) ?? Response.error();

async function fileOf(request) {
  const cache = await caches.open(STATIC);
  return (await cache.match(request)) ?? fetch(request);
}

async function tileOf(request, url) {
  return (await kept(keyOf(url))) ?? fetch(request);
}

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(STATIC);
    await cache.addAll([STAND_IN, ...files]);
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) {
      const old = name.startsWith("static-") ? name !== STATIC : isMine(name) && !name.startsWith(MINE);
      if (old) await caches.delete(name);
    }
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) return;
  if (request.method === "POST" && url.pathname === "/logout") {
    event.respondWith(Promise.all([forgetAll(), self.carry.forgetSent()]).then(() => fetch(request)).catch(standIn));
    return;
  }
  if (request.method === "POST" && url.pathname === "/login") {
    event.respondWith(signIn(request).catch(standIn));
    return;
  }
  if (request.method !== "GET") return;
  if (url.pathname.startsWith(`/static/${build}/`)) event.respondWith(fileOf(request));
  else if (request.mode === "navigate") {
    event.respondWith((PAGE.test(url.pathname) ? freshOrKept(event, keyOf(url)) : fetch(request)).catch(standIn));
  } else if (ANSWER.test(url.pathname)) event.respondWith(freshOrKept(event, keyOf(url)));
  else if (TILE.test(url.pathname)) event.respondWith(tileOf(request, url));
});

/** Fetch what a day needs, a few at a time, until all is there or the room is used up. */
async function collect(addresses, tell) {
  const since = dropped;
  const waiting = addresses.slice();
  let bytes = 0;
  let done = 0;
  let missing = 0;
  async function take() {
    while (waiting.length && bytes < MOST_BYTES && since === dropped) {
      const url = new URL(waiting.shift(), self.location.origin);
      try {
        const size = await keep(keyOf(url), await fetch(url.href), since);
        bytes += size;
        missing += size ? 0 : 1;
      } catch {
        missing += 1;
      }
      done += 1;
      tell({ done, all: addresses.length, bytes });
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, take));
  const told = { at: Date.now(), bytes, missing: missing + waiting.length, all: addresses.length, ended: true };
  const cache = since === dropped ? await own() : null;
  if (cache) await cache.put(META, new Response(JSON.stringify(told)));
  return told;
}

self.addEventListener("message", (event) => {
  const { type, addresses } = event.data ?? {};
  const [port] = event.ports;
  const answer = {
    // The pages themselves, so that a phone that was only signed in once has them.
    warm: async () => {
      const missing = [];
      for (const path of pages) if (!(await kept(path))) missing.push(path);
      const since = dropped;
      for (const path of missing) await keep(path, await fetch(path), since).catch(() => 0);
    },
    collect: async () => collect(addresses, (told) => port.postMessage(told)),
    kept: async () => {
      const meta = await kept(META);
      return meta ? meta.json() : null;
    },
    forget: forgetAll,
  }[type];
  if (answer) event.waitUntil(answer().then((told) => port?.postMessage(told ?? null)).catch(() => port?.postMessage(null)));
});

self.addEventListener("sync", (event) => {
  // An error makes the browser try again later.
  event.waitUntil(self.carry.send().then((trouble) => { if (["line", "later"].includes(trouble)) throw new Error(trouble); }));
});
