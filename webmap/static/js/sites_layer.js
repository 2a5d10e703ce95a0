// Sites on the map: a square each, with a card that leads to its page.

import { ask, day, el, say } from "./page.js";
import { siteSquare } from "./site_signs.js";
import { whenChosen } from "./signs.js";

const L = window.L;
const SIDE_PX = 24;

function cardOf(site) {
  const due = site.due ? say(site.days < 0 ? "site_due_past" : "site_next_due", { day: day(site.due) }) : "";
  return el("div", { class: "site-card" }, el("b", {}, site.name), el("span", {}, say(`site_kind_${site.kind}`), " · ", say(`site_state_${site.state}`)),
    el("span", {}, due), el("a", { href: `/sites/${site.id}` }, say("site_open")));
}

/** Draw the sites of a box into a group; return what the map must say of it. */
export async function drawSites(map, group, bbox, signal) {
  if (!map.hasLayer(group)) return "";
  const found = await ask("sites.geojson", { bbox }, signal);
  // A card that somebody reads stays open while the map comes to rest.
  if (map.getContainer().querySelector(".site-card")) return "";
  group.clearLayers();
  for (const { properties } of found.features) {
    const icon = L.divIcon({ html: siteSquare(properties.state), className: "site-sign", iconSize: [SIDE_PX, SIDE_PX] });
    const title = `${properties.name} · ${say(`site_state_${properties.state}`)}`;
    const at = [properties.place[1], properties.place[0]];
    const card = () => {
      const popup = L.popup({ offset: [0, -8], maxWidth: 260 }).setLatLng(at).setContent(cardOf(properties)).openOn(map);
      group.once("remove", () => popup.remove());
    };
    whenChosen(L.marker(at, { icon, title, alt: title, pane: "photos" }), card).addTo(group);
  }
  return found.features.length < found.total ? say("sites_drawn", { n: found.features.length, total: found.total }) : "";
}
