// Taking a day along: the pages, answers and base map that the day's list leads to, within a bound that
// the worker keeps to, with how much it is and how old.

import { askWorker, workerOf } from "./offline.js";
import { bytes, moment, num, say } from "./page.js";

const MOST_CARDS = 30;
const MOST_TILES = 400;
const ZOOMS = [10, 11, 12, 13, 14, 15];
const MARGIN_DEG = 0.01;
const LIMIT_BYTES = 20e6;
const LITTLE_BYTES = 50e6;
const PAGES = ["/today", "/upload", "/sent", "/me"];

const column = (lon, z) => Math.floor(((lon + 180) / 360) * 2 ** z);
const row = (lat, z) => {
  const rad = (lat * Math.PI) / 180;
  return Math.floor(((1 - Math.asinh(Math.tan(rad)) / Math.PI) / 2) * 2 ** z);
};

/** Return the addresses of the base map round some places (lon, lat), the coarse ones first. */
export function tilesRound(places, zooms) {
  if (!places.length || !zooms) return [];
  const [lons, lats] = [places.map(([lon]) => lon), places.map(([, lat]) => lat)];
  const [west, east] = [Math.min(...lons) - MARGIN_DEG, Math.max(...lons) + MARGIN_DEG];
  const [south, north] = [Math.min(...lats) - MARGIN_DEG, Math.max(...lats) + MARGIN_DEG];
  const found = [];
  for (const z of ZOOMS.filter((one) => one >= zooms[0] && one <= zooms[1])) {
    for (let x = column(west, z); x <= column(east, z); x += 1) {
      for (let y = row(north, z); y <= row(south, z); y += 1) found.push(`/tiles/base/${z}/${x}/${y}`);
    }
  }
  return found.slice(0, MOST_TILES);
}

/** Return all addresses of a day: pages first, then the cards' pages and answers, then the map. */
export function addressesOf(told, zooms) {
  const cards = told.cards.slice(0, MOST_CARDS);
  const byKey = new Map(told.cards.map((card) => [card.key, card]));
  const way = told.route.order.map((key) => byKey.get(key).place);
  const own = cards.filter(({ kind }) => kind !== "gap");
  return [
    ...PAGES, "/api/v1/today", "/api/v1/field/week", "/api/v1/receipts?limit=20", "/api/v1/uploads", "/api/v1/cases/moves",
    ...own.flatMap(({ kind, id, link }) => [link, `/api/v1/${kind === "case" ? "cases" : "sites"}/${id}`]),
    ...tilesRound(told.start_from === "phone" ? [...way, told.start] : way, zooms),
  ];
}

/** Say in a line what is kept, or why nothing can be. */
export async function showKept(line) {
  if (!window.isSecureContext) { line.textContent = say("off_no_tls"); return; }
  if (!(await workerOf())) { line.textContent = say("off_no_worker"); return; }
  const told = await askWorker({ type: "kept" });
  if (!told) { line.textContent = say("off_none"); return; }
  const words = say("off_kept", { when: moment(new Date(told.at).toISOString()), size: bytes(told.bytes) });
  const short = told.missing ? ` ${say("off_short", { n: num(told.missing), all: num(told.all), limit: bytes(LIMIT_BYTES) })}` : "";
  line.textContent = words + short;
}

/** Say where there is so little room that a photo may be lost. */
export async function showRoom(line) {
  const room = await navigator.storage?.estimate?.().catch(() => null);
  const left = room ? room.quota - room.usage : Infinity;
  line.hidden = left >= LITTLE_BYTES;
  if (!line.hidden) line.textContent = say("off_room", { size: bytes(Math.max(left, 0)) });
}

/** Take the day along; a line tells how far it is. */
export async function takeAlong(told, zooms, line) {
  await navigator.storage?.persist?.().catch(() => null);
  const heard = ({ done, all, bytes: size }) => { line.textContent = say("off_take_now", { done: num(done), all: num(all), size: bytes(size) }); };
  const ended = await askWorker({ type: "collect", addresses: addressesOf(told, zooms) }, heard);
  if (ended?.bytes) await showKept(line);
  else line.textContent = say(window.isSecureContext ? "off_failed" : "off_no_tls");
}
