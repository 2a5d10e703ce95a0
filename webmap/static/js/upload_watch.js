// Asks after files that arrived and are not read to their end yet: often at first, then less often, and
// not at all while the page is out of sight.

import { ask } from "./page.js";
import { isOpen } from "./upload_result.js";

const FIRST_MS = 400;
const LONGEST_MS = 8000;
const ONE_BY_ONE = 3;
const MOST = 1000;
const open = new Map();
let timer = null;
let pause = FIRST_MS;

/** Tell of a receipt until its file was read. */
export function watch(receipt, heard) {
  open.set(receipt, heard);
  pause = FIRST_MS;
  if (timer === null) timer = setTimeout(look, 0);
}

function told(answer) {
  const heard = open.get(answer.receipt);
  if (!heard) return;
  if (!isOpen(answer)) open.delete(answer.receipt);
  heard(answer);
}

async function look() {
  try {
    if (open.size > ONE_BY_ONE) {
      const { receipts } = await ask("receipts", { limit: MOST });
      for (const answer of receipts) told(answer);
      const found = new Set(receipts.map(({ receipt }) => receipt));
      for (const id of [...open.keys()].filter((one) => !found.has(one)).slice(0, ONE_BY_ONE)) told(await ask(`receipts/${id}`));
    } else {
      for (const id of [...open.keys()]) told(await ask(`receipts/${id}`));
    }
  } catch {
    // It is asked again.
  }
  pause = Math.min(pause * 1.5, LONGEST_MS);
  timer = open.size ? setTimeout(document.hidden ? later : look, pause) : null;
}

function later() {
  timer = setTimeout(document.hidden ? later : look, LONGEST_MS);
}
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && timer !== null) {
    clearTimeout(timer);
    pause = FIRST_MS;
    timer = setTimeout(look, 0);
  }
});
