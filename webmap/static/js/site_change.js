// What analysts change of a site: its rule, its checklist, and whether it is visited at all.

import { el, page, say, tell } from "./page.js";

const part = document.getElementById("change-part");
const told = document.getElementById("told");
const NUMBERS = ["interval_days", "radius_m", "dwell_s"];

/** Let an analyst change a site; `show` gets it as it is then. */
export function wireChange(site, show, fail) {
  if (!site.may_change) return;
  const input = (name, words, more) => el("label", {}, words, el("input", { name, value: site[name], required: true, ...more }));
  const number = { type: "number", step: "any", inputmode: "decimal" };
  const units = [["", say("no_unit_yet")], ...page.units].map(([code, name]) => el("option", { value: code, selected: code === (site.unit_code ?? "") }, name));
  const form = el("form", { class: "step-form change-form" },
    input("name", say("change_name"), { maxlength: 200 }),
    el("label", {}, say("site_unit"), el("select", { name: "unit" }, units)),
    input("interval_days", say("change_interval"), { ...number, min: 1, max: 3650, step: 1 }),
    input("radius_m", say("change_radius"), { ...number, min: 1, max: 5000 }),
    input("dwell_s", say("change_dwell"), { ...number, min: 0, max: 86400 }),
    el("label", {}, say("change_checklist"), el("textarea", { name: "checklist", rows: 4, maxlength: 8000 }, site.checklist.join("\n"))),
    el("label", {}, say("site_note"), el("textarea", { name: "note", rows: 2, maxlength: 2000 }, site.note)),
    el("div", { class: "end" }, el("button", { type: "submit", class: "primary" }, say("change_save")),
      el("button", { type: "button", onclick: () => send({ active: !site.active }) }, say(site.active ? "change_retire" : "change_revive"))));

  async function send(values) {
    fail("");
    try {
      const answer = await tell(`sites/${site.id}`, values);
      told.textContent = say(answer.site.active ? "site_saved" : "site_retired");
      told.hidden = false;
      show(answer.site);
      wireChange(answer.site, show, fail);
      document.getElementById("answer-part").hidden = !answer.site.may_answer;
    } catch (error) {
      fail(error.message);
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const of = (name) => form.elements[name].value.trim();
    const numbers = Object.fromEntries(NUMBERS.map((name) => [name, Number(of(name))]));
    const checklist = of("checklist").split(/[\n;;]+/).map((one) => one.trim()).filter(Boolean);
    send({ name: of("name"), unit: of("unit") || null, ...numbers, checklist, note: of("note") });
  });
  const open = part.querySelector("details")?.open ?? false;
  part.replaceChildren(el("details", { class: "assumed", open }, el("summary", {}, say("change_site")), form));
}
