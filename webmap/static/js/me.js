// A person's own page: the week, what this device keeps, and how to make it an app.

import { ask, day, distance, el, landArea, num, page, say } from "./page.js";
import { showKept, showRoom } from "./offline_day.js";
import { watchQueue } from "./queue_list.js";

const part = (id) => document.getElementById(id);
let offer = null;

function ground(told) {
  if (!told) return el("p", { class: "hint" }, say("wk7_no_campaign"));
  const unit = told.unit ?? say("wk7_all_units");
  return el("div", {},
    el("p", {}, say("wk7_new", { n: num(told.cells), area: landArea(told.area_m2), unit })),
    el("p", { class: "hint" }, say("wk7_until", { campaign: told.campaign, day: day(told.data_until) })));
}

async function showWeek() {
  try {
    const week = await ask("field/week");
    part("week-days").textContent = say("wk7_days", { first: day(week.first_day), last: day(week.last_day) });
    const walked = week.by_day.filter(({ walked_m: m }) => m > 0);
    part("week").replaceChildren(
      ...(week.tracks ? [
        el("p", {}, say("wk7_walked", { m: distance(week.walked_m), n: num(week.tracks) })),
        el("p", {}, say("wk7_counted", { m: distance(week.counted_m) })),
        el("ul", {}, ...walked.map((one) => el("li", {}, say("wk7_day", { day: day(one.day), m: distance(one.walked_m) })))),
      ] : [el("p", { class: "hint" }, say("wk7_none"))]), ground(week.ground));
  } catch (error) {
    part("week").replaceChildren(el("p", { class: "problem" }, error.message));
  }
  part("week").setAttribute("aria-busy", "false");
}

function showCount({ waiting, refused, files }) {
  const n = waiting.length + refused.length + files.length;
  part("queue-count").textContent = n ? say("q_waits", { n: num(n) }) : say("q_all_sent");
}

window.addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  offer = event;
  part("install").hidden = false;
});
part("install").addEventListener("click", () => {
  offer?.prompt();
  part("install").hidden = true;
});
showWeek();
watchQueue(part("queue"), showCount);
showKept(part("kept"));
showRoom(part("room"));
