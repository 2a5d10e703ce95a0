// The office's list of tips: what waits first; each with what it says, what may be the same, and
// what can be made of it.

import { addressOf, ask, duration, el, moment, num, page, percent, say, sentence, tell } from "./page.js";
import { newId } from "./outbox.js";

const by = (id) => document.getElementById(id);
const list = by("list");
const filters = by("filters");
const STATES = ["received", "linked", "dismissed", "merged"];
const REWARDS = ["none", "asked", "granted", "paid", "refused"];
const NEXT = { asked: ["granted", "refused"], granted: ["paid", "granted", "refused"], refused: ["granted"] };
const PLACE = { map: "tip_place_map", phone: "tip_place_phone", photo: "tip_place_photo", office: "tip_place_office" };
const STEP = { link: "tip_step_link", case: "tip_step_case", dismiss: "tip_step_dismiss", merge: "tip_step_merge", reward: "tip_step_reward" };
let may = { handle: false, reward: false };
let following = null;

const fail = (error) => {
  by("message").textContent = error.message;
  by("message").hidden = false;
};
const waited = (seconds) =>
  seconds < 2 * 86400 ? duration(seconds) : say("tip_days", { n: num(seconds / 86400, 1) });
const hours = (h) => (h < 48 ? say("tip_hours", { n: num(h, 1) }) : say("tip_days", { n: num(h / 24, 1) }));

function figure(value, label, alarm = false) {
  return el("li", {}, el("b", { class: alarm ? "late" : null }, value), el("span", {}, label));
}

function tellFigures(told) {
  by("figures").hidden = !told;
  if (!told) return;
  by("figures").replaceChildren(
    figure(num(told.unanswered), say("tip_unanswered"), told.unanswered > 0),
    figure(told.oldest_h === null ? "–" : hours(told.oldest_h), say("tip_oldest"), told.oldest_h > 72),
    figure(told.median_h === null ? "–" : hours(told.median_h), say("tip_median", { n: num(told.answered) })),
    figure(told.p90_h === null ? "–" : hours(told.p90_h), say("tip_p90")),
  );
}

const caseLink = (one) =>
  el("a", { href: `/cases/${one.id}` }, say("tip_in_case", { number: one.number, state: sentence(one.state_words) }));

function placeLine(tip) {
  if (!tip.place) return el("p", { class: "sub" }, say("tip_no_place"));
  const [lon, lat] = tip.place;
  const words = [`${lon.toFixed(6)}, ${lat.toFixed(6)}`, ...tip.areas.slice(-2)];
  if (tip.place_from) words.push(say(PLACE[tip.place_from], { m: tip.accuracy_m ?? "?" }));
  return el("p", { class: "sub" }, `${words.join(" · ")} `, el("a", { href: `/#view=${lat.toFixed(6)},${lon.toFixed(6)},16` }, say("tip_on_map")));
}

function pictures(tip) {
  if (!tip.photos.length) return null;
  return el("ul", { class: "tip-photos" }, tip.photos.map((photo) => {
    const address = `/api/v1/tips/${tip.id}/photos/${photo.number}.jpg`;
    const name = say("tip_photo", { n: photo.number });
    const taken = photo.taken ? el("span", { class: "sub" }, say("tip_photo_taken", { when: moment(photo.taken) })) : null;
    return el("li", {}, el("a", { href: address, target: "_blank", rel: "noopener" }, el("img", { src: address, alt: name, loading: "lazy", width: photo.width_px, height: photo.height_px })), taken);
  }));
}

function same(tip) {
  if (!tip.suggestions?.length) return null;
  const rows = tip.suggestions.map((one) => {
    const what = one.kind === "case" ? caseLink(one) : el("a", { href: `#tip-${one.id}` }, one.number);
    const why = [one.distance_m === null ? null : say("tip_away", { m: num(one.distance_m) }), one.alike >= 0.6 ? say("tip_alike", { share: percent(one.alike) }) : null];
    const step = one.kind === "case" ? ["link", { case: one.number }, say("tip_link_here")] : ["merge", { into: one.number }, say("tip_merge_here")];
    const act = may.handle ? button(tip, ...step) : null;
    return el("li", {}, what, ` ${one.title ?? ""} `, el("span", { class: "sub" }, why.filter(Boolean).join(" · ")), act);
  });
  return el("div", { class: "tip-same" }, el("h3", {}, say("tip_same")), el("ul", {}, rows));
}

function history(tip) {
  if (!tip.steps?.length) return null;
  const rows = tip.steps.map((step) => {
    const reason = step.reason ? say(`tip_reason_${step.reason}`) : "";
    const values = { ...step, reason, new: step.new ? say(`tip_reward_${step.new}`) : "" };
    const note = step.note ? ` “${step.note}”` : "";
    return el("li", {}, `${moment(step.at)} · ${step.by}: ${say(STEP[step.step], values)}${note}`);
  });
  return el("details", {}, el("summary", {}, say("tip_history")), el("ol", { class: "sub" }, rows));
}

function field(label, name, attributes = {}) {
  return el("label", {}, label, el("input", { name, autocomplete: "off", ...attributes }));
}
const choice = (label, name, options) =>
  el("label", {}, label, el("select", { name }, options.map(([value, words]) => el("option", { value }, words))));

function button(tip, step, body, words) {
  const id = newId();
  return el("button", { type: "button", onclick: (event) => act(tip, step, { ...body, client_id: id }, event.target) }, words);
}

/** One way on, folded: its fields are sent as they are; the same press again is the same step. */
function way(tip, step, words, ...fields) {
  const id = newId();
  const form = el("form", { class: "row-form" }, fields, el("button", { type: "submit", class: "primary" }, say("tip_do")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ""));
    for (const name of ["lon", "lat", "yuan"]) if (name in given) given[name] = Number(given[name]);
    act(tip, step, { ...given, client_id: id }, form.querySelector("button"));
  });
  return el("details", { class: "tip-way" }, el("summary", {}, words), form);
}

function ways(tip) {
  const found = [];
  const note = () => field(say("tip_note"), "note", { maxlength: 2000 });
  const point = tip.place ?? ["", ""];
  const degree = (name, value, most) => field(say(name === "lon" ? "tip_lon" : "tip_lat"), name, { type: "number", step: "any", min: -most, max: most, value, required: true });
  if (may.handle && tip.state !== "linked") {
    found.push(way(tip, "case", say("tip_make_case"), field(say("tip_case_title"), "title", { maxlength: 200 }), degree("lon", point[0], 180), degree("lat", point[1], 90), note()));
  }
  if (may.handle) found.push(way(tip, "link", say("tip_link"), field(say("tip_case_number"), "case", { required: true, maxlength: 40 }), note()));
  if (may.handle && tip.state !== "linked") {
    found.push(way(tip, "merge", say("tip_merge"), field(say("tip_number"), "into", { required: true, maxlength: 40 })));
  }
  if (may.handle && tip.state === "received") {
    const reasons = page.words.tip_reasons.split(",").map((reason) => [reason, say(`tip_reason_${reason}`)]);
    found.push(way(tip, "dismiss", say("tip_dismiss"), choice(say("tip_reason"), "reason", reasons), note()));
  }
  const next = NEXT[tip.reward] ?? [];
  if (may.reward && next.length) {
    const decisions = next.map((state) => [state, say(`tip_reward_${state}`)]);
    const amount = field(say("tip_amount"), "yuan", { type: "number", min: 1, step: "any", value: tip.reward_yuan ?? "" });
    found.push(way(tip, "reward", say("tip_decide"), choice(say("tip_decision"), "state", decisions), amount, note()));
  }
  return found.length ? el("div", { class: "tip-ways" }, found) : null;
}

function rewardLine(tip) {
  if (!tip.reward || tip.reward === "none") return null;
  const amount = tip.reward_yuan === null ? "" : ` · ${say("tip_yuan", { n: num(tip.reward_yuan, 2) })}`;
  const first = tip.claimant && tip.claimant.id !== tip.id ? ` · ${say("tip_first", tip.claimant)}` : "";
  return el("p", { class: "sub" }, say("tip_reward_is", { state: say(`tip_reward_${tip.reward}`) }) + amount + first);
}

function card(tip) {
  const time = waited(tip.waited_s);
  const pace = tip.answered_at ? say("tip_answered_in", { time, who: tip.answered_by }) : say("tip_waits", { time });
  return el("li", { id: `tip-${tip.id}`, class: `tip-card ${tip.state}`, tabindex: -1 },
    el("p", { class: "tip-title" }, el("b", {}, tip.number), el("span", { class: "tip-state" }, say(`tip_state_${tip.state}`)), el("span", { class: "sub" }, `${say("tip_came", { when: moment(tip.received_at) })} · ${pace}`)),
    tip.case ? el("p", {}, caseLink(tip.case)) : null,
    tip.merged_into ? el("p", {}, say("tip_into", tip.merged_into)) : null,
    tip.text ? el("p", { class: "tip-text" }, tip.text) : null,
    tip.place_words ? el("p", {}, tip.place_words) : null,
    placeLine(tip),
    tip.masked ? el("p", { class: "sub" }, say("tip_masked", { n: tip.masked })) : null,
    pictures(tip), rewardLine(tip), same(tip), ways(tip), history(tip),
    el("p", { class: "tip-said", role: "status" }));
}

async function act(tip, step, body, pressed) {
  pressed.disabled = true;
  by("message").hidden = true;
  const said = by(`tip-${tip.id}`).querySelector(".tip-said");
  try {
    const told = await tell(`tips/${tip.id}/${step}`, body);
    const fresh = card(told);
    fresh.querySelector(".tip-said").textContent = say("tip_done", { receipt: told.receipt });
    by(`tip-${tip.id}`).replaceWith(fresh);
    fresh.focus();
    tellFigures((await ask("tips", { limit: 1 })).figures);
  } catch (error) {
    said.textContent = error.message;
    said.classList.add("problem");
    pressed.disabled = false;
  }
}

async function load(more = false) {
  const chosen = Object.fromEntries([...new FormData(filters)].filter(([, value]) => value));
  remember(chosen);
  list.setAttribute("aria-busy", "true");
  try {
    const told = await ask("tips", { ...chosen, limit: 50, before: more ? following : null });
    may = told.may;
    following = told.next;
    tellFigures(told.figures);
    if (!more) list.replaceChildren();
    list.append(...told.tips.map(card));
    if (!list.children.length) list.append(el("li", { class: "hint" }, say(Object.keys(chosen).length ? "tip_none_chosen" : "tip_none")));
    by("more").hidden = following === null;
    by("message").hidden = true;
  } catch (error) {
    fail(error);
  }
  list.setAttribute("aria-busy", "false");
}

const remember = (chosen) => window.history.replaceState(null, "", addressOf(location.pathname, chosen));

const select = (name, values, prefix) =>
  filters.elements.namedItem(name).append(...values.map((value) => el("option", { value }, say(`${prefix}${value}`))));
select("state", STATES, "tip_state_");
select("reward", REWARDS, "tip_reward_");
const asked = new URLSearchParams(location.search);
for (const name of ["state", "reward"]) filters.elements.namedItem(name).value = asked.get(name) ?? "";
filters.addEventListener("change", () => load());
filters.addEventListener("submit", (event) => event.preventDefault());
by("more").addEventListener("click", () => load(true));
load();
