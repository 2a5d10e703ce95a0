// The zero-yield status: what was confirmed and still stands, and the statement of a day.

import { ask, day, el, landArea, num, page, percent, plotArea, say, sentence } from "./page.js";
import { stateSign } from "./case_signs.js";
import { plainTable } from "./plain_table.js";

const part = (id) => document.getElementById(id);
const form = part("choose");
const LAW = { yes: "st_law_yes", maybe: "st_law_maybe", no: "st_law_no", unknown: "st_law_unknown" };
let asked = 0;

const sub = (words) => el("span", { class: "sub" }, words);
const heads = (...keys) => keys.map(([key, number]) => ({ words: say(key), number }));
const whole = (value) => num(Math.round(value));

/** Return a sum with its interval, and in how many cases nobody counted. */
function sum(told, format) {
  if (!told.cases && !told.unknown) return "0";
  const missing = told.unknown ? sub(say("st_not_counted", { n: num(told.unknown) })) : null;
  if (!told.cases) return ["–", missing];
  const exact = told.low === told.high;
  const words = exact ? format(told.sum) : say("st_between", { n: format(told.sum), low: whole(told.low), high: whole(told.high) });
  return [words, missing];
}

function areaRow(row) {
  const { p_clean: clean, stage } = row;
  return [
    [row.name, stage ? sub(say("st_stage_now", { stage: say(`stage_${stage.stage}`), day: day(stage.begins.capsule) })) : null],
    num(row.found), num(row.standing), sum(row.plants, whole), sum(row.planted_m2, (m2) => plotArea(m2)),
    [num(row.to_recheck + row.doubted), row.doubted ? sub(say("st_doubted", { n: num(row.doubted) })) : null],
    num(row.clean), num(row.overdue),
    row.unseen_share === null ? "–" : [percent(row.unseen_share), sub(say("st_of_ground", { area: landArea(row.area_m2) }))],
    clean ? [num(clean.p, 3), sub(say("st_claim_of", { low: num(clean.low, 3), high: num(clean.high, 3), day: day(clean.as_of) }))] : sub(say("st_no_claim")),
  ];
}

function harvestWords(harvest) {
  if (!harvest) return sub(say("st_no_calendar"));
  const left = { n: num(harvest.days_left), most: num(harvest.days_left_most) };
  const when = harvest.over ? say("st_over") : harvest.begun ? say("st_begun", { day: day(harvest.earliest) }) : day(harvest.earliest);
  return [
    el("span", { class: harvest.begun && !harvest.over ? "late-words" : "whole" }, when),
    harvest.begun || harvest.over ? null : sub(say("st_days_left", left)),
    sub(harvest.from === "seen" ? say("st_seen", { stage: say(`stage_${harvest.stage}`), day: day(harvest.seen_on) }) : say("st_by_calendar")),
  ];
}

function caseRow(one) {
  const counted = one.count ? sum({ ...one.count, sum: one.count.plants, cases: 1, unknown: 0 }, whole) : say("not_counted");
  return [
    [el("a", { href: `/cases/${one.id}`, class: "whole" }, one.number), sub(one.title)],
    [one.area_name ?? "–", sub(page.units.find(([code]) => code === one.unit_code)?.[1] ?? say("nobody_yet"))],
    [el("span", { class: "case-state" }, stateSign("confirmed", one.overdue), day(one.confirmed_on)), sub(say("st_days_standing", { n: num(one.days_standing) }))],
    harvestWords(one.harvest), counted, one.area_m2 ? plotArea(one.area_m2) : "–",
    one.large_scale ? [say(LAW[one.large_scale.verdict] ?? "st_law_unknown"), sub(say("st_indicative"))] : "–",
  ];
}

function step(one) {
  if (!one) return "–";
  return [day(one.day), sub(one.survey ? say("st_by_survey", { n: one.survey }) : say("st_by_foot")), sub(say("st_receipt", { n: one.event, receipt: one.receipt }))];
}

function plainStep(one) {
  return one ? [day(one.day), sub(say("st_receipt", { n: one.event, receipt: one.receipt }))] : "–";
}

function statement(told) {
  const rows = told.cases.map((one) => [
    [el("a", { href: `/cases/${one.id}`, class: "whole" }, one.number), sub(one.title)],
    plainStep(one.confirmed), plainStep(one.eradicated), step(one.rechecked),
    one.lacks.length ? el("ul", {}, one.lacks.map((lack) => el("li", {}, sentence(lack)))) : "–",
  ]);
  const columns = heads(["st_case"], ["st_confirmed_on"], ["st_eradicated_on"], ["st_rechecked_on"], ["st_lacks"]);
  const proved = told.holds && told.found > 0;
  const head = proved ? "st_holds" : told.holds ? "st_nothing" : "st_fails";
  return el("div", { class: proved ? "statement holds" : "statement", "data-holds": String(told.holds) },
    el("h3", {}, say(head)),
    el("p", {}, sentence({ message: told.sentence, message_zh: told.sentence_zh })),
    rows.length ? el("div", { class: "list", tabindex: 0 }, plainTable(columns, rows, say("st_lacks"))) : null);
}

function place(told) {
  const { whole: all, campaign } = told;
  part("whose").textContent = page.areas.find(([code]) => code === told.area)?.[1] ?? "";
  part("told").textContent = all.found
    ? say("st_whole", { day: day(told.as_of), standing: num(all.standing), found: num(all.found), recheck: num(all.to_recheck + all.doubted), clean: num(all.clean) })
    : say("st_nothing_found");
  part("outside").hidden = !told.outside;
  part("outside").textContent = say("st_outside", { n: num(told.outside) });
  part("statement").replaceChildren(...(told.statement ? [statement(told.statement)] : []));
  const cases = heads(["st_what"], ["st_ground"], ["st_since"], ["st_harvest"], ["st_plants", true], ["st_planted", true], ["st_law"]);
  part("standing").replaceChildren(told.standing.length ? plainTable(cases, told.standing.map(caseRow), say("st_standing")) : el("p", { class: "hint empty" }, say("st_none_standing")));
  const areas = heads(["st_ground"], ["st_found", true], ["st_standing", true], ["st_plants", true], ["st_planted", true], ["st_to_recheck", true], ["st_clean", true], ["st_overdue", true], ["st_unseen", true], ["st_p_clean", true]);
  part("areas").replaceChildren(plainTable(areas, told.rows.map(areaRow), say("st_ground")));
  const basis = campaign ? say("st_campaign", { name: campaign.name, start: day(campaign.start), end: day(campaign.end), until: day(told.data_until) }) : say("st_no_campaign");
  part("basis").textContent = told.claim ? `${basis} ${sentence({ message: told.claim.meaning, message_zh: told.claim.meaning_zh })}` : basis;
}

async function show() {
  const mine = ++asked;
  const query = { area: form.elements.area.value || null, date: form.elements.date.value || null };
  const given = new URLSearchParams(Object.entries(query).filter(([, value]) => value));
  history.replaceState(null, "", given.size ? `?${given}` : location.pathname);
  part("work").setAttribute("aria-busy", "true");
  part("message").hidden = true;
  try {
    const told = await ask("standing", query);
    if (mine === asked) place(told);
  } catch (error) {
    if (mine !== asked) return;
    part("message").textContent = error.message;
    part("message").hidden = false;
  } finally {
    if (mine === asked) part("work").setAttribute("aria-busy", "false");
  }
}

const given = new URLSearchParams(location.search);
form.elements.area.append(...page.areas.map(([code, name]) => el("option", { value: code }, name)));
form.elements.area.value = given.get("area") ?? "";
form.elements.date.value = given.get("date") ?? "";
form.addEventListener("submit", (event) => { event.preventDefault(); show(); });
form.elements.area.addEventListener("change", show);
part("print").addEventListener("click", () => print());
show();
