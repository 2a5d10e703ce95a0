// Evidence on the page of a case: what there is, with everything odd about it, and adding more.

import { bytes, distance, el, moment, num, page, percent, plotArea, say, sentence } from "./page.js";
import { areaForm } from "./evidence_area.js";
import { evidenceWords, placeNow } from "./evidence_send.js";
import { heldHere } from "./outbox.js";

const ACCEPTED = "image/*,video/*,application/pdf,.heic,.heif";
const FIRST_QUADRATS = 4;
const forms = new Map();

/** Return the list of evidence as it stands. */
export function evidenceList(evidence) {
  if (!evidence.length) return el("p", { class: "hint" }, say("ev_none"));
  return el("ul", { class: "evidence" }, evidence.map(piece));
}

function piece(one) {
  const { facts } = one;
  const problems = facts.problems ?? [];
  return el("li", { class: "piece", "data-evidence": one.id },
    one.kind === "photo" ? picture(one) : null,
    el("div", { class: "piece-told" },
      el("p", { class: "piece-head" }, el("b", {}, say(`ev_kind_${one.kind}`)), one.name ? ` ${one.name}` : null),
      one.note ? el("p", { class: "piece-note" }, one.note) : null,
      facts.count ? countLines(facts.count) : null,
      facts.area_m2 && !facts.count ? el("p", {}, areaWords(facts)) : null,
      ["photo", "video"].includes(one.kind) || one.place ? el("p", { class: "sub" }, whereWords(one)) : null,
      facts.witness || facts.witness_office ? el("p", { class: "sub" }, say("ev_witness", { who: [facts.witness, facts.witness_office].filter(Boolean).join(" · ") })) : null,
      problems.length ? el("div", { class: "piece-odd" }, el("p", {}, say("ev_odd")), el("ul", {}, problems.map((problem) => el("li", {}, sentence(problem))))) : null,
      el("p", { class: "sub" }, say("ev_added", { when: moment(one.added_at), who: one.added_by })),
      one.sha256 ? el("p", { class: "sub" },
        el("a", { href: `/api/v1/evidence/${one.id}/file`, download: "" }, say("ev_download", { size: bytes(one.bytes) })), " ",
        el("code", { title: say("ev_hash_title", { hash: one.sha256 }) }, `SHA-256 ${one.sha256.slice(0, 12)}…`)) : null));
}

function picture(one) {
  const address = `/api/v1/evidence/${one.id}/thumb.jpg`;
  const image = el("img", { src: address, alt: say("ev_thumb", { name: one.name }), loading: "lazy", class: "piece-thumb" });
  image.addEventListener("error", () => image.remove());
  return image;
}

function whereWords(one) {
  const made = one.taken ? say("ev_taken", { when: moment(one.taken) }) : say("ev_no_time");
  let where = say("ev_no_place");
  if (one.distance_m !== null) where = one.distance_m < 1 ? say("ev_on_ground") : say("ev_away", { m: distance(one.distance_m) });
  return `${made} · ${where}`;
}

function areaWords(facts) {
  const how = facts.area_how ? ` (${say(`ev_how_${facts.area_how}`)})` : "";
  if (facts.area_low_m2 === undefined) return plotArea(facts.area_m2) + how;
  const [low, high] = [facts.area_low_m2, facts.area_high_m2].map((m2) => num(m2, m2 < 100 ? 1 : 0));
  return say("ev_area_between", { area: plotArea(facts.area_m2), low, high }) + how;
}

function countLines(count) {
  if (count.method === "plain" && !count.quadrats) return el("p", {}, say("ev_count_plain", { n: num(count.plants) }));
  const between = { n: num(count.plants), low: num(count.low), high: num(count.high), level: `${num(count.level * 100)} %` };
  return el("div", {},
    el("p", {}, el("b", {}, say("ev_count_between", between))),
    el("p", { class: "sub" }, say("ev_quadrats", { n: num(count.quadrats), size: `${num(count.quadrat_m2, count.quadrat_m2 % 1 ? 2 : 0)} ${say("m2")}`, area: plotArea(count.area_m2) })),
    el("p", { class: "sub" }, sentence({ message: count.why, message_zh: count.why_zh })));
}

/**
 * Return the form that adds evidence to a case. It is made once, so that what was typed and what
 * is on its way outlast the page being drawn anew.
 * @param onDone called after a piece was kept
 * @param outbox what it goes through: it waits on the device where there is no signal
 */
export function evidenceForm(caseId, onDone, outbox) {
  const known = forms.get(caseId);
  if (known) return known;
  const place = el("div", { class: "evidence-place" });
  const parts = { files: filesForm, count: countForm, area: areaForm, note: noteForm };
  const names = { files: "ev_do_files", count: "ev_do_count", area: "ev_do_area", note: "ev_do_note" };
  const made = {};
  const buttons = Object.keys(parts).map((name) => el("button", { type: "button", "aria-pressed": "false", "data-add": name, onclick: () => choose(name) }, say(names[name])));
  function choose(name) {
    const shown = buttons.find((button) => button.dataset.add === name);
    const close = shown.getAttribute("aria-pressed") === "true";
    for (const button of buttons) button.setAttribute("aria-pressed", String(button === shown && !close));
    made[name] ??= parts[name](caseId, onDone, outbox);
    place.replaceChildren(...(close ? [] : [made[name]]));
  }
  const form = el("div", { class: "evidence-add" }, el("h3", {}, say("ev_add")), el("div", { class: "step-buttons" }, buttons), place);
  forms.set(caseId, form);
  return form;
}

const field = (key, attributes = {}) => el("label", {}, say(key), el(attributes.rows ? "textarea" : "input", { autocomplete: "off", ...attributes }));
const witnessFields = () => el("div", { class: "pair" }, field("ev_witness_name", { name: "witness", maxlength: 300 }), field("ev_witness_office", { name: "witness_office", maxlength: 300 }));

/** Return what the texts of a form say; what is empty is left out. */
function textsOf(form) {
  const names = ["note", "witness", "witness_office"].filter((name) => form.elements[name]?.value.trim());
  return Object.fromEntries(names.map((name) => [name, form.elements[name].value.trim()]));
}

/** Return a form that sends JSON. */
function jsonForm(caseId, onDone, outbox, kind, children, read) {
  const told = el("p", { role: "status" });
  const send = el("button", { type: "submit", class: "primary" }, say("ev_send"));
  const form = el("form", { class: "step-form", "data-kind": kind }, children, el("div", { class: "end" }, send), told);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { missing, ...values } = read(form);
    told.className = missing ? "problem" : "";
    told.textContent = missing ?? "";
    if (missing) return;
    send.disabled = true;
    const { answer, refused } = await outbox.push(`cases/${caseId}/evidence`, { kind, ...values, ...textsOf(form) }, evidenceWords(kind));
    if (refused) {
      told.className = "problem";
      told.textContent = refused.message;
    } else {
      form.reset();
      told.className = "done";
      const count = answer?.evidence?.facts.count;
      told.replaceChildren(answer ? say("ev_saved", { receipt: answer.receipt }) : say("kept_here"), ...(count ? [countLines(count)] : []));
      if (answer) onDone();
    }
    send.disabled = false;
  });
  return form;
}

function noteForm(caseId, onDone, outbox) {
  const children = [field("ev_note_text", { name: "note", rows: 4, maxlength: 2000 }), witnessFields()];
  return jsonForm(caseId, onDone, outbox, "note", children, (form) => (form.elements.note.value.trim() ? {} : { missing: say("ev_note_missing") }));
}

function countForm(caseId, onDone, outbox) {
  const row = el("div", { class: "quadrats" });
  const grow = () => {
    const n = row.children.length + 1;
    row.append(el("input", { type: "number", min: 0, step: 1, inputmode: "numeric", "aria-label": say("ev_in_quadrat", { n }), oninput: (event) => { if (event.target === row.lastChild && event.target.value) grow(); } }));
  };
  const fill = () => { row.replaceChildren(); for (let k = 0; k < FIRST_QUADRATS; k += 1) grow(); };
  fill();
  const number = (name, key, more) => field(key, { name, type: "number", inputmode: "decimal", step: "any", min: 0, ...more });
  const quadrats = el("div", { class: "count-quadrats" }, el("p", { class: "hint" }, say("ev_quadrat_row")), row,
    el("div", { class: "pair" }, number("quadrat_m2", "ev_quadrat_m2", { value: 1 }), number("area_m2", "ev_area_m2")));
  const plain = el("div", { hidden: true }, number("plants", "ev_plants", { step: 1, inputmode: "numeric" }));
  const show = (way) => { quadrats.hidden = way !== "quadrats"; plain.hidden = way === "quadrats"; };
  const radio = (way, key) => el("label", {}, el("input", { type: "radio", name: "way", value: way, checked: way === "quadrats", onchange: () => show(way) }), say(key));
  const children = [
    el("fieldset", { class: "choices" }, radio("quadrats", "ev_by_quadrats"), radio("plain", "ev_one_by_one")),
    quadrats, plain, field("ev_note", { name: "note", maxlength: 2000 }), witnessFields(),
  ];
  const form = jsonForm(caseId, onDone, outbox, "count", children, (of) => readCount(of, row));
  form.addEventListener("reset", () => { fill(); show("quadrats"); });
  return form;
}

function readCount(form, row) {
  const { elements } = form;
  if (elements.way.value === "plain") {
    return elements.plants.value === "" ? { missing: say("ev_plants_missing") } : { plants: Number(elements.plants.value) };
  }
  const counts = [...row.children].map((input) => input.value).filter((value) => value !== "").map(Number);
  if (!counts.length) return { missing: say("ev_counts_missing") };
  const area = elements.area_m2.value;
  return { quadrats: { counts, quadrat_m2: Number(elements.quadrat_m2.value) }, ...(area ? { area_m2: Number(area) } : {}) };
}

function filesForm(caseId, onDone, outbox) {
  const list = el("ul", { class: "evidence-sending" });
  const rows = new Map();
  window.addEventListener("carry-went", ({ detail }) => rows.get(detail.id)?.went(detail.share));
  window.addEventListener("carry", async ({ detail: { id, state, answer } }) => {
    if (state === "sent" && rows.has(id)) rows.get(id).sent(answer ?? (await heldHere()).sent.find((one) => one.id === id));
  });
  const take = (input, here) => {
    const said = { ...textsOf(form) };
    for (const file of input.files) row(file, said, here);
    input.value = "";
  };
  const row = (file, said, here) => {
    const values = { kind: kindOf(file), ...said };
    // A picture that was just taken here: what the sender says of it, where it says nothing itself.
    const placed = here ? placeNow().then((place) => ({ ...place, taken: new Date().toISOString() })) : Promise.resolve({});
    const status = el("span", { class: "status", role: "status" }, say("ev_waiting"));
    const bar = el("progress", { max: 1, value: 0, "aria-label": file.name });
    const story = el("div");
    list.prepend(el("li", {}, el("p", {}, el("b", {}, file.name), " ", status), bar, story));
    const went = (share) => {
      bar.hidden = false;
      bar.value = share;
      status.textContent = share < 1 ? say("ev_sending", { share: percent(share) }) : say("ev_checking");
    };
    const ended = (words, kind, ...more) => {
      bar.hidden = true;
      status.textContent = words;
      status.className = `status ${kind}`;
      story.replaceChildren(...more);
    };
    // Also where it goes after it had waited.
    const sent = ({ receipt, problems = [] }) => ended(say("ev_saved", { receipt }), "done",
      ...(problems.length ? [el("ul", { class: "piece-odd" }, problems.map((problem) => el("li", {}, sentence(problem))))] : []));
    const run = async () => {
      const limit = page.evidence_max_mb * 1e6;
      if (file.size > limit) { ended(say("ev_refused"), "", el("p", { class: "problem" }, say("ev_too_big", { size: bytes(file.size), limit: bytes(limit) }))); return; }
      const result = await outbox.push(`cases/${caseId}/evidence`, { ...values, ...(await placed) }, `${evidenceWords(values.kind)} ${file.name}`,
        { kind: "evidence", files: [{ name: file.name, type: file.type, blob: file }], named: (id) => rows.set(id, { went, sent }) });
      if (result.answer) {
        sent(result.answer);
        onDone();
      } else if (result.refused) {
        ended(say("ev_refused"), "", el("p", { class: "problem" }, result.refused.message),
          el("button", { type: "button", onclick: () => { bar.hidden = false; run(); } }, say("ev_again")));
      } else ended(say(result.kept ? "kept_here" : "td_photo_lost"), "");
    };
    run();
  };
  const picker = (key, more, here) => {
    const input = el("input", { type: "file", class: "visually-hidden", onchange: (event) => take(event.target, here()), ...more });
    return el("label", { class: "button pick" }, input, say(key));
  };
  const share = el("input", { type: "checkbox", name: "share_place", checked: true });
  const phone = matchMedia("(pointer: coarse)").matches;
  const form = el("form", { class: "step-form", "data-kind": "files", onsubmit: (event) => event.preventDefault() },
    field("ev_note", { name: "note", maxlength: 2000 }), witnessFields(),
    phone ? el("div", { class: "choices" }, el("label", {}, share, say("ev_say_place"))) : null,
    el("div", { class: "end" },
      phone ? picker("ev_camera", { accept: "image/*", capture: "environment" }, () => share.checked) : null,
      picker("ev_choose", { accept: ACCEPTED, multiple: true }, () => false)),
    el("p", { class: "hint" }, say("ev_choose_hint")), list);
  return form;
}

function kindOf(file) {
  if (file.type.startsWith("image/") || /\.(heic|heif|jpe?g|png|webp)$/i.test(file.name)) return "photo";
  return file.type.startsWith("video/") ? "video" : "document";
}
