// The checklist of a site: questions and photos, kept on the device and sent together, at once or once
// there is a connection.

import { bytes, el, num, say } from "./page.js";
import { toldOutbox } from "./outbox.js";
import { answersOf, questionFields } from "./site_checklist.js";

const form = document.getElementById("answer");
const part = document.getElementById("answer-part");
const photoList = document.getElementById("photo-list");
const told = document.getElementById("told");
const photos = [];
let place = null;

const today = () => new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Shanghai" }).format(new Date());

function takePhoto(file) {
  photos.push(file);
  const line = el("li", {}, say("photo_chosen", { name: file.name, size: bytes(file.size) }), " ",
    el("button", { type: "button", onclick: () => {
      photos.splice(photos.indexOf(file), 1);
      line.remove();
    } }, say("photo_off")));
  photoList.append(line);
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
  document.getElementById("photos").addEventListener("change", (event) => {
    const files = [...event.target.files];
    event.target.value = "";
    for (const file of files) takePhoto(file);
  });
  wirePlace();
  const outbox = toldOutbox((answer) => { if (answer.site?.id === site.id) show(answer.site); });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    fail("");
    const body = {
      day: form.elements.day.value, answers: answersOf(form, site.checklist), suspicious: form.elements.suspicious.checked,
      note: form.elements.note.value.trim(), ...(place ?? {}),
    };
    const carried = photos.length ? { files: photos.map((file) => ({ name: file.name, type: file.type, blob: file })), photos_to: `sites/${site.id}/photos` } : {};
    const button = form.querySelector(".primary");
    button.disabled = true;
    const result = await outbox.push(`sites/${site.id}/answers`, body, `${site.code} ${body.day}`, carried);
    button.disabled = false;
    if (result.refused) { fail(result.refused.message); return; }
    const { answer } = result;
    const opened = answer?.case ? ` ${say("answer_case", { id: answer.case })}` : "";
    told.textContent = answer ? say("answer_kept", { receipt: answer.receipt }) + opened : say("answer_waits");
    told.hidden = false;
    clear();
    if (answer?.site) show(answer.site);
    told.scrollIntoView({ block: "nearest" });
  });
}
