// What every script of a page shares: its data, its words, numbers and dates in its language,
// elements made from text (never from markup), and questions to the server.

export const page = JSON.parse(document.getElementById("page").textContent);
const words = page.words;
const locale = words.language === "zh_CN" ? "zh-CN" : "en-GB";
const chinese = words.language === "zh_CN";
const M2_PER_MU = 10000 / 15;
const token = document.querySelector('meta[name="csrf-token"]');

/** Return the words of a key with {names} filled in; where {n} is 1, those of `key_one` if there are. */
export function say(key, values = {}) {
  const one = String(values.n) === "1" ? words[`${key}_one`] : undefined;
  const text = one ?? words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** Return the server's sentence in the page's language. */
export const sentence = (entry) => (chinese ? entry.message_zh : entry.message) ?? "";

/** Return an element with attributes and children; strings become text, null is left out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

export const svg = (tag, attributes, ...children) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
};

const formats = new Map();
/** Return a number with a fixed count of decimals. */
export function num(value, decimals = 0) {
  if (!formats.has(decimals)) {
    const options = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
    formats.set(decimals, new Intl.NumberFormat(locale, options));
  }
  return formats.get(decimals).format(value + 0); // + 0 makes -0 read as 0
}

/** Return a share as per cent; what is not quite 0 or 100 never reads so. */
export function percent(share) {
  if (share === null || !Number.isFinite(share)) return "–";
  const exact = share * 100;
  if (exact > 0 && exact < 0.1) return "<0.1 %";
  if (exact < 100 && exact > 99.9) return ">99.9 %";
  return `${num(exact, 1)} %`;
}

const few = (value) => (value >= 100 ? 0 : value >= 10 ? 1 : 2);
export const km2 = (m2) => num(m2 / 1e6, 2);
/** Return an area in mu and hectares together. */
export function landArea(m2) {
  const mu = m2 / M2_PER_MU;
  const ha = m2 / 1e4;
  return `${num(mu, few(mu))} ${say("mu")} (${num(ha, few(ha))} ${say("ha")})`;
}
/** Return a small area in square metres and mu. */
export const plotArea = (m2) =>
  `${num(m2, m2 < 100 ? 1 : 0)} ${say("m2")} (${num(m2 / M2_PER_MU, 3)} ${say("mu")})`;
export const distance = (m) =>
  m >= 1000 ? `${num(m / 1000, 1)} ${say("kilometres")}` : `${num(m)} ${say("metres")}`;
export const bytes = (n) => (n < 1e3 ? `${num(n)} B` : n < 1e5 ? `${num(n / 1e3, 1)} kB` : `${num(n / 1e6, 1)} MB`);

const dayFormat = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: "UTC" });
const timeFormat = new Intl.DateTimeFormat(locale, {
  year: "numeric", month: "long", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Shanghai",
});
/** Return how long something took, in hours and minutes; below two minutes in seconds. */
export function duration(seconds) {
  if (seconds < 120) return `${num(seconds)} ${say("seconds")}`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${num(minutes)} ${say("minutes")}`;
  return `${num(Math.floor(minutes / 60))} ${say("hours")} ${num(minutes % 60)} ${say("minutes")}`;
}
export const speed = (mps) =>
  `${num(mps, mps < 10 ? 1 : 0)} ${say("mps")} (${num(mps * 3.6)} ${say("kmh")})`;
/** Return a day (YYYY-MM-DD) in words. */
export const day = (iso) => (iso ? dayFormat.format(new Date(`${iso}T00:00:00Z`)) : say("unknown"));
/** Return a moment in Beijing time, with its zone. */
export const moment = (iso) =>
  iso ? `${timeFormat.format(new Date(iso))} (${say("beijing")})` : say("unknown");
/** Return from when to when, in Beijing time with its zone; one day is said once. */
export const span = (first, last) => {
  const [from, until] = [first, last].map((iso) => timeFormat.format(new Date(iso)));
  const sameDay = from.slice(0, -5) === until.slice(0, -5);
  return `${from} – ${sameDay ? clock(last) : until} (${say("beijing")})`;
};
export const clock = (iso) =>
  new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Shanghai" }).format(new Date(iso));

/** An answer of the server that says what went wrong. */
export class Refused extends Error {
  constructor(status, message, { code = null } = {}) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Return a path with a query: null is left out, a list stands once for each of its values. */
export function addressOf(path, values) {
  const pairs = Object.entries(values).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  const query = new URLSearchParams(pairs.filter(([, value]) => value !== null && value !== undefined));
  const said = String(query);
  return said ? `${path}?${said}` : path;
}

/** Ask the API; an error is a sentence for people. */
export function ask(path, values = {}, signal = undefined) {
  return answered(addressOf(path, values), { headers: { Accept: "application/json" }, signal });
}

/** Tell the API something as JSON; an error is a sentence for people. */
export function tell(path, values, query = {}) {
  const headers = { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": token.content };
  return answered(addressOf(path, query), { method: "POST", headers, body: JSON.stringify(values) });
}

/** Put something in its place through the API; an error is a sentence for people. */
export function put(path, values) {
  const headers = { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": token.content };
  return answered(path, { method: "PUT", headers, body: JSON.stringify(values) });
}

/** Take something away through the API; an error is a sentence for people. */
export function drop(path) {
  return answered(path, { method: "DELETE", headers: { Accept: "application/json", "X-CSRFToken": token.content } });
}

/** Send a form with its files to the API; an error is a sentence for people. */
export function sendForm(path, form) {
  return answered(path, { method: "POST", headers: { Accept: "application/json", "X-CSRFToken": token.content }, body: new FormData(form) });
}

async function answered(path, request) {
  let answer;
  try {
    answer = await fetch(`/api/v1/${path}`, request);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, say("failed"));
  }
  if (answer.ok) {
    // A proxy or a network's login page may answer in the server's place.
    return answer.json().catch((error) => {
      if (error.name === "AbortError") throw error;
      throw new Refused(0, say("failed"));
    });
  }
  const told = await answer.json().catch(() => null);
  const words = answer.status === 401 ? say("signed_out") : told ? sentence(told) : say("failed");
  throw new Refused(answer.status, words, { code: told?.code });
}

// Another language shows the same place: what the address says otherwise is kept.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-keep-place]");
  if (!link) return;
  const query = new URLSearchParams(location.search);
  query.set("language", new URLSearchParams(link.search).get("language"));
  link.search = query.toString();
  link.hash = location.hash;
});
