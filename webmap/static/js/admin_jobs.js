// Buttons that ask for work in the background: the page is loaded again when it has ended.

import { ask, say, sentence, tell } from "./page.js";

const message = document.getElementById("message");
const status = document.getElementById("status");
const LOOK_MS = 1500;

function fail(words) {
  message.textContent = words;
  message.hidden = !words;
}

async function follow(number) {
  const job = await ask(`jobs/${number}`);
  if (job.state === "waiting" || job.state === "running") {
    setTimeout(() => follow(number).catch((error) => fail(error.message)), LOOK_MS);
  } else if (job.state === "done") {
    status.textContent = say("ad_done");
    location.reload();
  } else {
    status.textContent = "";
    fail(say("ad_failed", { why: job.error ? sentence(job.error) : job.state }));
  }
}

for (const button of document.querySelectorAll("[data-post]")) {
  button.addEventListener("click", async () => {
    fail("");
    button.disabled = true;
    try {
      const { job } = await tell(button.dataset.post, {});
      status.textContent = say("ad_begun");
      await follow(job);
    } catch (error) {
      fail(error.message);
      button.disabled = false;
    }
  });
}
