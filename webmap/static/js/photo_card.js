// What the panel shows of one photo: where, when and how it was taken, and the ground it shows.

import { ask, distance, el, moment, num, plotArea, say, sentence } from "./page.js";

const SIDES = 8;
const STRAIGHT_DOWN_DEG = 1;

/** Return the elements that tell of a photo, and the photo itself. */
export async function photoCard(id) {
  const photo = await ask(`photos/${id}`);
  const { datum, problems } = photo;
  const rows = [
    ["photo_taken", photo.taken ? moment(photo.taken) : say("no_time")],
    ["heading", heading(photo)],
    ["height", height(photo)],
    ["pitch", photo.pitch_deg === null ? null : pitch(photo.pitch_deg)],
    ["footprint", footprint(photo)],
    ["place", place(photo)],
    ["camera", [photo.camera.make, photo.camera.model].filter(Boolean).join(" ")],
    ["datum", sentence({ message: datum.why, message_zh: datum.why_zh })],
    ["file", photo.file === photo.name ? null : photo.file],
  ];
  const nodes = [
    el("h1", {}, photo.name),
    el("p", { class: "sub" }, [say("photo"), photo.unit, photo.team].filter(Boolean).join(" · ")),
    el("dl", {}, rows.filter(([, value]) => value).flatMap(([key, value]) => [el("dt", {}, say(key)), el("dd", {}, value)])),
    problems.length ? el("h2", {}, say("notes")) : null,
    problems.length ? el("ul", {}, problems.map((problem) => el("li", {}, sentence(problem)))) : null,
  ];
  return { photo, nodes: nodes.filter(Boolean) };
}

function heading({ heading_deg: degrees, heading_magnetic: magnetic }) {
  if (degrees === null) return say("unknown");
  const side = say(`side_${Math.round((degrees / 360) * SIDES) % SIDES}`);
  return say(magnetic ? "heading_magnetic_of" : "heading_of", { n: num(degrees), side });
}

function height({ height_m: above, altitude_m: altitude }) {
  if (above !== null) return say("height_of", { length: distance(above) });
  return altitude === null ? null : say("altitude_of", { length: distance(altitude) });
}

function pitch(degrees) {
  if (Math.abs(degrees + 90) < STRAIGHT_DOWN_DEG) return say("straight_down");
  return say(degrees > 0 ? "pitch_up" : "pitch_down", { n: num(Math.abs(degrees)) });
}

function footprint({ footprint_area_m2: area_m2, footprint_clipped: clipped }) {
  if (area_m2 === null) return say("no_footprint");
  return clipped ? say("footprint_clipped", { area: plotArea(area_m2) }) : plotArea(area_m2);
}

function place({ lon, lat, accuracy_m: within }) {
  const words = `${num(lat, 6)}° N, ${num(lon, 6)}° E`;
  return within === null ? words : say("place_within", { place: words, length: distance(within) });
}
