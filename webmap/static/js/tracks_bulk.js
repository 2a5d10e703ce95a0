// One decision for several tracks of the list: each is made by itself, so that one that fails stops no other.

import { el, num, say, sentence, tell } from "./page.js";

const form = document.getElementById("bulk");
const status = document.getElementById("bulk-status");
const picked = new Set();
const AT_ONCE = 100;

function count() {
  form.hidden = !picked.size && !status.textContent;
  document.getElementById("bulk-count").textContent = say("bulk_count", { n: num(picked.size) });
  form.querySelector("button.primary").disabled = !picked.size;
}

/** Return the box that takes a track into the choice. */
export function pickBox(track) {
  const box = el("input", { type: "checkbox", class: "pick", checked: picked.has(track.id), "aria-label": say("bulk_pick", { name: track.name }) });
  box.addEventListener("change", () => {
    if (box.checked) picked.add(track.id);
    else picked.delete(track.id);
    status.textContent = "";
    count();
  });
  return box;
}

/** Let the form decide for what is picked. @param done called when all were tried */
export function wireBulk(done) {
  if (!form) return;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { counts, note } = form.elements;
    const button = form.querySelector("button.primary");
    const all = [...picked];
    const failed = [];
    let decided = 0;
    button.disabled = true;
    status.textContent = say("bulk_going", { total: num(all.length) });
    try {
      for (let from = 0; from < all.length; from += AT_ONCE) {
        const tracks = all.slice(from, from + AT_ONCE);
        const answer = await tell("track-reviews", { tracks, counts: counts.value, note: note.value.trim() });
        for (const one of answer.tracks) {
          if (one.status === "decided") picked.delete(one.id);
          else failed.push(say("bulk_failed", { id: one.id, why: sentence(one) }));
        }
        decided += answer.decided;
      }
    } catch (error) {
      failed.push(error.message);
    }
    await done();
    status.textContent = [say("bulk_done", { n: num(decided) }), ...failed].join(" ");
    count();
  });
  document.getElementById("bulk-none").addEventListener("click", () => {
    picked.clear();
    status.textContent = "";
    for (const box of document.querySelectorAll("#list .pick")) box.checked = false;
    count();
  });
}
