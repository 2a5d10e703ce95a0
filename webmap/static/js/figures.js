// Figures whose unit stands at the end of their name, as the server writes them.

import { distance, duration, num, percent, say, speed } from "./page.js";

const BY_ENDING = [
  ["_mps2", (value) => `${num(value, 1)} ${say("mps2")}`],
  ["_mps", speed],
  ["_m", distance],
  ["_s", (value) => (value < 10 ? `${num(value, 2)} ${say("seconds")}` : duration(value))],
];
const SHARE = /^(other_)?share|^spread$/;

/** Return a figure in words: its unit is in its name; a text stays as it is. */
export function figure(name, value) {
  if (typeof value !== "number") return String(value);
  if (SHARE.test(name)) return percent(value);
  const ending = BY_ENDING.find(([end]) => name.endsWith(end));
  return ending ? ending[1](value) : num(value);
}

/** Return how long a stop took. */
export const secondsOf = (stop) => (Date.parse(stop.end) - Date.parse(stop.start)) / 1000;
