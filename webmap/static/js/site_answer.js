// The checklist of a site: questions, photos that are sent at once, and an answer that waits on the
// device when there is no connection.

import { el, num, page, percent, Refused, say } from "./page.js";
import { toldOutbox } from "./outbox.js";
import { answersOf, questionFields } from "./site_checklist.js";

const form = document.getElementById("answer");
const part = document.getElementById("answer-part");
const photoList = document.getElementById("photo-list");
const told = document.getElementById("told");
const csrf = document.querySelector('meta[name="csrf-token"]').content;
const photos = [];
let sending = 0;
let place = null;

const today = () => new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Shanghai" }).format(new Date());

/** Send a photo as raw bytes; resolves to what the server read in it. */
function sendPhoto(file, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/api/v1/sites/${page.site}/photos?${new URLSearchParams({ name: file.name })}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("X-CSRFToken", csrf);
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => onProgress(event.loaded / Math.max(event.total, 1)));
    request.addEventListener("load", () => {
      const answer = request.response;
      if (request.status === 201) resolve(answer.photo);
      else reject(new Refused(request.status, (page.words.language === "zh_CN" ? answer?.message_zh : answer?.message) ?? say("failed")));
    });
    for (const name of ["error", "abort", "timeout"]) request.addEventListener(name, () => reject(new Refused(0, say("broken"))));
    request.send(file);
  });
}

async function takePhoto(file) {
  const line = el("li", {}, say("photo_sending", { name: file.name, share: percent(0) }));
  photoList.append(line);
  sending += 1;
  try {
    const kept = await sendPhoto(file, (share) => { line.textContent = say("photo_sending", { name: file.name, share: percent(share) }); });
    photos.push({ sha256: kept.sha256, name: kept.name, token: kept.token });
    line.textContent = say("photo_there", { name: file.name });
    line.className = "good";
  } catch (error) {
    line.textContent = say("photo_failed", { name: file.name, why: error.message });
    line.className = "problem";
  }
  sending -= 1;
}

function wirePlace() {
  const words = document.getElementById("place-told");
  document.getElementById("here").addEventListener("click", () => {
    if (!navigator.geolocation) { words.textContent = say("place_unknown"); return; }
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      place = { lon: Number(coords.longitude.toFixed(7)), lat: Number(coords.latitude.toFixed(7)) };
      words.textContent = say("place_known", { m: num(coords.accuracy) });
    }, () => { words.textContent = say("place_unknown"); }, { enableHighAccuracy: true, timeout: 20000 });
  });
}

function clear() {
  form.reset();
  form.elements.day.value = today();
  photos.length = 0;
  photoList.replaceChildren();
  place = null;
  document.getElementById("place-told").textContent = "";
}

/** Let a person answer; `show` gets the site as it is then. */
export function wireAnswer(site, show, fail) {
  if (!site.may_answer) return;
  part.hidden = false;
  document.getElementById("questions").replaceChildren(...questionFields(site.checklist));
  form.elements.day.value = today();
  form.elements.day.max = today();
  document.getElementById("photos").addEventListener("change", async (event) => {
    const files = [...event.target.files];
    event.target.value = "";
    for (const file of files) await takePhoto(file);
  });
  wirePlace();
  const outbox = toldOutbox((answer) => { if (answer.site?.id === site.id) show(answer.site); });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    fail("");
    if (sending) { fail(say("photos_under_way")); return; }
    const body = {
      day: form.elements.day.value, answers: answersOf(form, site.checklist), suspicious: form.elements.suspicious.checked,
      note: form.elements.note.value.trim(), photos: [...photos], ...(place ?? {}),
    };
    const button = form.querySelector(".primary");
    button.disabled = true;
    const result = await outbox.push(`sites/${site.id}/answers`, body, `${site.code} ${body.day}`);
    button.disabled = false;
    if (result.refused) { fail(result.refused.message); return; }
    const { answer } = result;
    const opened = answer?.case ? ` ${say("answer_case", { id: answer.case })}` : "";
    told.textContent = answer ? say("answer_kept", { receipt: answer.receipt }) + opened : say("answer_waits");
    told.hidden = false;
    clear();
    if (answer) show(answer.site);
    told.scrollIntoView({ block: "nearest" });
  });
}
