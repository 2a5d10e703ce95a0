// Boundaries of areas: the file goes as raw bytes and is read in the background.

import { ask, el, num, Refused, say, sentence } from "./page.js";

const csrf = document.querySelector('meta[name="csrf-token"]').content;
const LOOK_MS = 1000;

async function sent(file, level) {
  const query = new URLSearchParams([["name", file.name], ...(level ? [["level", level]] : [])]);
  const headers = { Accept: "application/json", "Content-Type": "application/octet-stream", "X-CSRFToken": csrf };
  let answer;
  try {
    answer = await fetch(`/api/v1/areas?${query}`, { method: "POST", headers, body: file });
  } catch {
    throw new Refused(0, say("failed"));
  }
  const told = await answer.json().catch(() => null);
  if (answer.ok && told) return told.job;
  throw new Refused(answer.status, answer.status === 401 ? say("signed_out") : told ? sentence(told) : say("failed"));
}

async function ended(number) {
  for (;;) {
    const job = await ask(`jobs/${number}`);
    if (job.state !== "waiting" && job.state !== "running") return job;
    await new Promise((wake) => setTimeout(wake, LOOK_MS));
  }
}

/**
 * Let the form send a boundary file.
 * @param again shows the list anew
 * @param fail called with words
 */
export function wireBoundaries(again, fail) {
  const form = document.getElementById("boundaries");
  const place = document.getElementById("boundaries-told");
  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [file] = form.elements.file.files;
    const button = form.querySelector("button");
    button.disabled = true;
    fail("");
    try {
      place.textContent = say("areas_sent", { name: file.name });
      const job = await ended(await sent(file, form.elements.level.value));
      if (job.state !== "done") throw new Error(say("areas_failed", { why: job.error ? sentence(job.error) : job.state }));
      const { added, replaced, problems } = job.result;
      place.replaceChildren(
        el("p", {}, say("areas_read", { name: file.name, added: num(added), replaced: num(replaced) })),
        el("ul", {}, problems.map((one) => el("li", {}, sentence(one)))),
      );
      form.reset();
      await again();
    } catch (error) {
      place.textContent = "";
      fail(error.message);
    }
    button.disabled = false;
  });
}
