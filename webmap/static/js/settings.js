// The page of settings: narrow the list, set one, take one back.

import { addressOf, drop, put } from "./page.js";

const narrow = document.getElementById("narrow");
const rows = [...document.querySelectorAll("[data-setting]")];
const SHOWN = "setting";

/** Show only what holds all words and, where asked, what is not the default. */
function sift() {
  const words = narrow.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
  const changed = narrow.elements.changed.checked;
  for (const row of rows) {
    const text = `${row.dataset.setting} ${row.querySelector(".meaning").textContent}`.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word)) || (changed && !("differs" in row.dataset));
  }
  for (const section of document.querySelectorAll(".settings")) {
    section.hidden = !section.querySelector("[data-setting]:not([hidden])");
  }
  document.getElementById("nothing").hidden = rows.some((row) => !row.hidden);
}

/** Load the page again at a setting, where the server shows what holds now. */
function again(name) {
  sessionStorage.setItem(SHOWN, name);
  location.hash = name;
  location.reload();
}

async function attempt(form, deed) {
  const problem = form.querySelector(".problem");
  const buttons = [...form.querySelectorAll("button")];
  problem.hidden = true;
  buttons.forEach((button) => { button.disabled = true; });
  try {
    await deed();
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
    buttons.forEach((button) => { button.disabled = false; });
  }
}

function valueOf(field) {
  if (field.tagName === "SELECT" && ["true", "false"].includes(field.value)) return field.value === "true";
  return field.value;
}

for (const row of rows) {
  const form = row.querySelector("form");
  if (!form) continue;
  const { setting: name, version } = row.dataset;
  const path = `settings/${encodeURIComponent(name)}`;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(form, async () => {
      await put(path, { value: valueOf(form.elements.value), version });
      again(name);
    });
  });
  form.querySelector("[data-reset]")?.addEventListener("click", () => attempt(form, async () => {
    await drop(addressOf(path, { version }));
    again(name);
  }));
}
narrow.addEventListener("input", sift);
narrow.addEventListener("submit", (event) => event.preventDefault());

// The row that was set is shown, not the place where the page stood.
history.scrollRestoration = "manual";
const saved = sessionStorage.getItem(SHOWN);
if (saved) {
  sessionStorage.removeItem(SHOWN);
  const row = rows.find((one) => one.dataset.setting === saved);
  if (row) {
    row.classList.add("just-set");
    row.scrollIntoView({ block: "center" });
    row.querySelector("summary")?.focus({ preventScroll: true });
    document.getElementById("status").textContent = document.getElementById("status").dataset.saved;
  }
}
