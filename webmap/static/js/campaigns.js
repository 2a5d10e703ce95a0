// Campaigns: their standing, made and reckoned anew in the background, closed early.

import { ask, day, km2, num, percent, say, sentence, tell } from "./page.js";

const message = document.getElementById("message");
const status = document.getElementById("status");
const form = document.getElementById("new");
const LOOK_MS = 1500;
const WAIT_MS = 400;

function fail(words) {
  message.textContent = words;
  message.hidden = !words;
  if (words) message.scrollIntoView({ block: "center" });
}

async function follow(number) {
  const job = await ask(`jobs/${number}`);
  if (job.state === "waiting" || job.state === "running") {
    setTimeout(() => follow(number).catch((error) => fail(error.message)), LOOK_MS);
  } else if (job.state === "done") {
    location.reload();
  } else {
    status.textContent = "";
    fail(say("ad_failed", { why: job.error ? sentence(job.error) : job.state }));
  }
}

async function attempt(button, deed) {
  fail("");
  button.disabled = true;
  try {
    await deed();
  } catch (error) {
    fail(error.message);
    button.disabled = false;
  }
}

async function begun(path, values) {
  const { job } = await tell(path, values);
  status.textContent = say("ad_begun");
  await follow(job);
}

/** Show how much of a campaign was seen; one after the other, as each may take the server long. */
async function showStanding(row) {
  const place = row.querySelector(".standing");
  try {
    const { coverage, data_until: until } = await ask(`campaigns/${row.dataset.campaign}`);
    const seen = say("ca_seen", {
      seen: km2(coverage.seen_m2), whole: km2(coverage.area_m2), share: percent(coverage.seen_fraction), cleared: km2(coverage.cleared_m2),
    });
    place.textContent = until ? `${seen} · ${say("ca_until", { day: day(until) })}` : say("ca_none");
  } catch (error) {
    place.textContent = error.message;
  }
  place.setAttribute("aria-busy", "false");
}

function wanted() {
  const { name, area, start, end, cell_m: cell } = form.elements;
  return { name: name.value, area: area.value, start: start.value, end: end.value, cell_m: cell.valueAsNumber };
}

let asking = 0;
async function estimate() {
  const place = document.getElementById("estimate");
  if (!form.checkValidity()) {
    place.textContent = "";
    return;
  }
  const mine = ++asking;
  let words;
  try {
    const told = await tell("campaigns/estimate", wanted());
    words = [say("ca_estimate", { n: num(told.cells) }), ...told.problems.map(sentence)].join(" · ");
  } catch (error) {
    words = error.message;
  }
  if (mine === asking) place.textContent = words;
}

for (const row of document.querySelectorAll("[data-campaign]")) {
  const path = `campaigns/${row.dataset.campaign}`;
  for (const opener of row.querySelectorAll("[data-open]")) {
    opener.addEventListener("click", () => {
      const more = document.getElementById(opener.dataset.open);
      more.hidden = !more.hidden;
    });
  }
  row.querySelector("[data-deed=sweep]")?.addEventListener("click", (event) =>
    attempt(event.currentTarget, () => begun(`${path}/sweep`, {})));
  row.querySelector("[data-deed=close]")?.addEventListener("click", (event) =>
    attempt(event.currentTarget, async () => {
      await tell(`${path}/close`, {});
      location.reload();
    }));
}
let waiting = 0;
form?.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(estimate, WAIT_MS);
});
form?.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(form.querySelector("[type=submit]"), () => begun("campaigns", wanted()));
});

(async () => {
  for (const row of document.querySelectorAll("[data-campaign]")) await showStanding(row);
})();
