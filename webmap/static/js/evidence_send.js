// What goes with evidence: what it is called while it waits, where the device is, and where it is carried.

import { say } from "./page.js";

/** Return what a piece of the page's case is called while it waits. */
export const evidenceWords = (kind) => `${say(`ev_kind_${kind}`)} · ${document.querySelector(".case-number")?.textContent ?? ""}`;

/** Return where the device is now as what the sender says; nothing where it does not tell. */
export function placeNow() {
  return new Promise((resolve) => {
    if (!navigator.geolocation) {
      resolve({});
      return;
    }
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({ lon: coords.longitude.toFixed(7), lat: coords.latitude.toFixed(7) }),
      () => resolve({}),
      { enableHighAccuracy: true, timeout: 15000, maximumAge: 30000 },
    );
  });
}

/**
 * Follow the device as it is carried round the ground.
 * @param onPoint called with all points so far: [lon, lat, epoch seconds, accuracy in metres]
 * @param onTrouble called where the device gives no place
 * @return what ends it
 */
export function followWalk(onPoint, onTrouble) {
  const points = [];
  if (!navigator.geolocation) {
    onTrouble();
    return () => {};
  }
  const watch = navigator.geolocation.watchPosition(
    ({ coords, timestamp }) => {
      points.push([coords.longitude, coords.latitude, timestamp / 1000, coords.accuracy]);
      onPoint(points);
    },
    () => { if (!points.length) onTrouble(); },
    { enableHighAccuracy: true, maximumAge: 0 },
  );
  return () => navigator.geolocation.clearWatch(watch);
}
