// Cases on the map: the sign of their state, with a notch where the next step is overdue.

import { ask, el, plotArea, sentence } from "./page.js";
import { stateSign } from "./case_signs.js";
import { whenChosen } from "./signs.js";

const L = window.L;
const LEAST_PX = 20;
const MOST_PX = 34;
// Touch needs room round the sign.
const TARGET_PX = 32;

const sizeOf = ({ area_m2: m2 }) => Math.round(Math.min(MOST_PX, LEAST_PX + (m2 ? 2 * Math.log2(1 + m2 / 4) : 0)));

function cardOf(one, states) {
  return el("div", { class: "case-card" }, el("b", {}, one.title), el("span", {}, sentence(states[one.state])),
    one.area_m2 ? el("span", {}, plotArea(one.area_m2)) : null, el("a", { href: `/cases/${one.id}` }, one.number));
}

/** Draw the open cases of a box into a group; return what the map must say of it. */
export async function drawCases(map, group, bbox, signal) {
  if (!map.hasLayer(group)) return "";
  const found = await ask("cases/points", { bbox }, signal);
  // A card that somebody reads stays open while the map comes to rest.
  if (map.getContainer().querySelector(".case-card")) return "";
  group.clearLayers();
  for (const one of found.cases) {
    const side = sizeOf(one);
    const sign = stateSign(one.state, one.overdue);
    sign.setAttribute("width", side);
    sign.setAttribute("height", side);
    const icon = L.divIcon({ html: sign, className: `case-sign case-${one.state}`, iconSize: [TARGET_PX, TARGET_PX] });
    const title = `${one.number} ${one.title} · ${sentence(found.states[one.state])}`;
    const at = [one.point[1], one.point[0]];
    const marker = L.marker(at, { icon, title, alt: title, pane: "patches", zIndexOffset: one.overdue ? 3000 : 2000 });
    const card = () => {
      const popup = L.popup({ offset: [0, -8], maxWidth: 260 }).setLatLng(at).setContent(cardOf(one, found.states)).openOn(map);
      group.once("remove", () => popup.remove());
    };
    whenChosen(marker, card).addTo(group);
  }
  return found.limited ? sentence(found.limited) : "";
}
