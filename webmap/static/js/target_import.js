// Taking in a target list: the file goes as raw bytes, so that it is kept as it came.

import { el, num, Refused, say, sentence } from "./page.js";

const csrf = document.querySelector('meta[name="csrf-token"]').content;

async function sendList(file, values) {
  const given = Object.entries(values).filter(([, value]) => value);
  const query = new URLSearchParams([["name", file.name], ...given]);
  const headers = { Accept: "application/json", "Content-Type": "application/octet-stream", "X-CSRFToken": csrf };
  let answer;
  try {
    answer = await fetch(`/api/v1/target-lists?${query}`, { method: "POST", headers, body: file });
  } catch {
    throw new Refused(0, say("failed"));
  }
  const told = await answer.json().catch(() => null);
  if (answer.ok && told) return told;
  throw new Refused(answer.status, answer.status === 401 ? say("signed_out") : told ? sentence(told) : say("failed"));
}

/**
 * Let the form send a list.
 * @param done called with the number of the list
 * @param fail called with words
 */
export function wireImport(done, fail) {
  const form = document.getElementById("import-form");
  if (!form) return;
  const status = document.getElementById("told");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [file] = form.elements.file.files;
    const button = form.querySelector("button");
    const values = Object.fromEntries(["tolerance", "day", "datum"].map((name) => [name, form.elements[name].value]));
    button.disabled = true;
    fail("");
    status.textContent = say("importing", { name: file.name });
    try {
      const told = await sendList(file, values);
      await done(told.list);
      const words = say(told.again ? "import_again" : "import_done", { name: told.name, n: num(told.targets) });
      status.replaceChildren(el("span", {}, words));
      form.elements.file.value = "";
    } catch (error) {
      status.textContent = "";
      fail(error.message);
    }
    button.disabled = false;
  });
}
