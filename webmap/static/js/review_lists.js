// Below the picture: what was said so far, and the ranking models.

import { ask, drop, el, moment, num, page, percent, say, sentence, tell } from "./page.js";
import { caseButton, learnCases, settledButton } from "./case_link.js";
import { listRow, listTable } from "./lists.js";
import { saidWords, whyWords } from "./review_facts.js";

const survey = page.survey.id;
const AT_ONCE = 100;
const COLUMNS = [
  { words: say("patch_number") }, { words: say("said") }, { words: say("by_whom") }, { words: say("at_time") }, { words: "" },
];

/**
 * Fill both lists when they are opened; return what fills them anew.
 * @param show called with the patch that somebody wants to see
 * @param takeBack called with a patch whose answer is to be taken back
 * @param fail called with words
 */
export function openLists({ show, takeBack, fail }) {
  const labels = document.getElementById("labels");
  const models = document.getElementById("models");
  const which = document.getElementById("which");

  const guarded = (work) => work().catch((error) => fail(error.message));
  const refresh = () => {
    if (labels.open) guarded(fillLabels);
    if (models.open) guarded(fillModels);
  };

  async function fillLabels() {
    const told = await ask(`review/${survey}/labels`, { label: which.value || null, limit: AT_ONCE });
    const liked = told.labels.filter((one) => one.label === "poppy" && !one.earlier).map((one) => one.patch);
    // Without it the buttons are there all the same: pressed, they lead to the case there is.
    if (page.may_decide) await learnCases(liked).catch(() => null);
    const { table, body } = listTable(COLUMNS, say("last_labels"));
    body.append(...told.labels.map(labelRow));
    document.getElementById("label-list").replaceChildren(
      told.total ? el("p", { class: "hint" }, say("labels_shown", { n: num(told.labels.length), total: num(told.total) })) : el("p", { class: "hint" }, say("no_labels")),
      ...(told.total ? [table] : []));
    if (page.may_decide && liked.length) document.getElementById("label-list").prepend(settledButton(survey));
  }

  function labelRow(one) {
    const open = (event) => { event.preventDefault(); show(one.patch); };
    return listRow(COLUMNS, [
      el("a", { href: `?patch=${one.patch}`, onclick: open }, String(one.patch)),
      [el("b", {}, saidWords(one.label)), one.reason ? el("span", { class: "sub" }, whyWords(one.reason)) : null,
        one.earlier ? el("span", { class: "sub" }, say("said_earlier")) : null].filter(Boolean),
      one.actor, moment(one.at),
      [one.mine && page.may_decide ? el("button", { type: "button", class: "link", onclick: () => takeBack(one.patch) }, say("take_back")) : null,
        one.label === "poppy" && !one.earlier && page.may_decide ? caseButton(one.patch) : null].filter(Boolean),
    ], { "data-patch": one.patch, "data-label": one.label });
  }

  async function fillModels(told = null) {
    const { models: all } = told ?? (await ask(`review/${survey}/models`));
    const make = el("button", { type: "button", id: "make-model", onclick: () => guarded(async () => fillModels(await tell(`review/${survey}/models`, {}))) }, say("model_make"));
    document.getElementById("model-list").replaceChildren(
      ...(page.may_decide ? [make] : []),
      all.length ? el("ul", { class: "plan-list" }, all.map(modelItem)) : el("p", { class: "hint" }, say("no_models")));
  }

  function modelItem(model) {
    const path = `review/${survey}/models/${model.id}`;
    const change = (ask_) => () => guarded(async () => { await fillModels(await ask_()); show(null); });
    const button = model.used
      ? el("button", { type: "button", onclick: change(() => drop(path)) }, say("model_drop"))
      : el("button", { type: "button", onclick: change(() => tell(path, {})) }, say("model_use"));
    return el("li", { "data-model": model.id },
      el("b", {}, model.name), model.own ? ` · ${say("model_own")}` : model.used ? ` · ${say("model_in_use")}` : "",
      el("span", { class: "sub" }, say("model_made", { when: moment(model.made_at), who: model.made_by, poppy: num(model.labels.poppy), other: num(model.labels.other) }), ` · ${say("data_mark", { mark: model.data_hash.slice(0, 12) })}`),
      el("span", { class: "sub" }, worth(model.figures)),
      model.warning ? el("p", { class: "problem" }, sentence(model.warning)) : null,
      page.may_decide && (model.used || model.usable) ? button : null);
  }

  function worth(figures) {
    if (figures.reason) return say("model_untold");
    const { learnt, detector } = figures;
    const recalls = Object.keys(learnt.recall).map((k) => say("model_recall", { k, learnt: percent(learnt.recall[k]), detector: percent(detector.recall[k]) }));
    return say("model_worth", { block: num(figures.block_m), learnt: num(learnt.log_loss, 3), detector: num(detector.log_loss, 3), recalls: recalls.join("; ") });
  }

  for (const details of [labels, models]) details.addEventListener("toggle", refresh);
  which.addEventListener("change", refresh);
  return refresh;
}
