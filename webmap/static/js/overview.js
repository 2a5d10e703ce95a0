// The commander's page: what stands, where it is worst, what changed, in an address that can be shared.

import { addressOf, ask, clock, day, el, landArea, num, page, say } from "./page.js";
import { showPlaces } from "./overview_cases.js";
import { showDays } from "./overview_days.js";
import { showFigures } from "./overview_figures.js";
import { OverviewMap } from "./overview_map.js";
import { showRanking } from "./overview_rank.js";

const AGAIN_MS = 60_000;
const wall = document.body.classList.contains("wall");
const [where, when, way, message] = ["where", "when", "way", "message"].map((id) => document.getElementById(id));
const [tiles, news, rank, places, days] = ["tiles", "news", "rank", "places", "last-days"].map((id) => document.getElementById(id));
const campaign = document.getElementById("campaign");
const map = new OverviewMap(window.map_main, (code) => go({ area: code }));
let told = null;
let turn = 0;

const asked = () => Object.fromEntries(["area", "campaign"].map((name) => [name, new URLSearchParams(location.search).get(name)]));

/** Go to another area or campaign: the address says so, and Back returns. */
function go(change) {
  const next = { ...asked(), ...change, wall: wall ? "1" : null };
  history.pushState(null, "", addressOf("/overview", next));
  show();
}

function head() {
  where.textContent = told.area?.name ?? say("rank_area");
  document.title = `${where.textContent} · geoinspect`;
  when.textContent = [told.campaign?.name, told.data_until ? say("fig_as_of", { day: day(told.data_until) }) : say("fig_no_data")].filter(Boolean).join(" · ");
  document.getElementById("map-day").textContent = told.data_until ? say("fig_as_of", { day: day(told.data_until) }) : "";
  const steps = told.way.slice(0, -1).map(({ code, name }) => [
    el("a", { href: addressOf("/overview", { ...asked(), area: code }), onclick: (event) => { event.preventDefault(); go({ area: code }); } }, name), " › "]);
  way.replaceChildren(...steps.flat());
  document.getElementById("campaign-field").hidden = told.campaigns.length < 2 || wall;
  campaign.replaceChildren(...told.campaigns.map(({ id, name }) => el("option", { value: id, selected: id === told.campaign?.id }, name)));
  const link = document.getElementById("wall-link");
  if (link) link.href = addressOf("/overview", { ...asked(), wall: "1" });
}

function showNews() {
  const { news: got } = told;
  if (!got) return news.replaceChildren();
  const counted = ["opened", "confirmed", "eradicated", "closed", "uploads"].filter((name) => got[name]).map((name) => say(`news_${name}`, { n: num(got[name]) }));
  const ground = Math.abs(got.seen_m2 ?? 0) >= 1 ? [say(got.seen_m2 > 0 ? "news_seen" : "news_lost", { area: landArea(Math.abs(got.seen_m2)) })] : [];
  const parts = [...ground, ...counted];
  return news.replaceChildren(el("b", {}, say("news_title", { day: day(got.since) })), ` ${parts.length ? parts.join(" · ") : say("news_nothing")}`);
}

const rows = (clean, curves) => told.rows.map((row) => ({ ...row, clean: clean?.areas[row.code] ?? null, curve: curves?.[row.code] ?? [] }));

function complain(error) {
  message.hidden = false;
  message.textContent = wall && told ? `${error.message} ${say("wall_old", { time: news.dataset.at })}` : error.message;
}

/** Ask for everything anew; slower parts come when they come, unless somebody went on meanwhile. */
async function show() {
  const mine = ++turn;
  const query = asked();
  for (const node of [tiles, rank, days]) node.setAttribute("aria-busy", "true");
  try {
    told = await ask("situation", query);
    if (mine !== turn) return;
    message.hidden = true;
    head();
    if (!told.area) {
      message.hidden = false;
      message.textContent = say("no_areas");
      return;
    }
    let clean = null;
    let curves = null;
    const draw = () => {
      showFigures(tiles, clean?.figure ? [...told.figures, clean.figure] : told.figures, told.area.code);
      showRanking(rank, rows(clean, curves), (code) => go({ area: code }));
    };
    draw();
    showNews();
    document.getElementById("rank-note").textContent = told.campaign ? "" : say("no_campaign");
    map.show(told.area, told.coverage_tiles);
    const place = { area: told.area.code, campaign: told.campaign?.id ?? null };
    const parts = [
      ask("situation/clean", place).then((got) => { clean = got; if (mine === turn) { draw(); if (got.figure === null) tiles.querySelector('[data-key="clean"] .sub').textContent = say("fig_none"); } }),
      ask("situation/days", place).then((got) => { if (mine !== turn) return; curves = got.curves; draw(); showDays(days, got); }),
      wall ? null : ask("cases", { area: told.area.code, state: page.open_states, limit: 8 }).then((got) => { if (mine === turn) showPlaces(places, got, told.area.code); }),
      ask("areas", { parent: told.area.code }).then((got) => { if (mine === turn) map.showAreas(got); }),
      ask("cases/points", { bbox: told.area.bbox.join(",") }).then((got) => { if (mine === turn) map.showCases(got); }),
    ];
    await Promise.all(parts);
    news.dataset.at = clock(new Date().toISOString());
    if (wall) news.append(el("span", { class: "sub" }, ` ${say("wall_again", { time: news.dataset.at })}`));
  } catch (error) {
    if (mine === turn) complain(error);
  } finally {
    if (mine === turn) for (const node of [tiles, rank, days]) node.setAttribute("aria-busy", "false");
  }
}

campaign.addEventListener("change", () => go({ campaign: campaign.value, area: null }));
document.getElementById("print")?.addEventListener("click", () => window.print());
window.addEventListener("popstate", show);
if (wall) setInterval(() => { if (!document.hidden) show(); }, AGAIN_MS);
show();
