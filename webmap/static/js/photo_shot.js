// Where and when a picture is taken: browsers on phones take the place out of it before a page gets it.

const JUST_NOW_MS = 120000;
// A fix under trees takes its time; one of a moment ago is as good.
const FIX = { enableHighAccuracy: true, timeout: 20000, maximumAge: 15000 };

/** How long `placeOfShot` may take. */
export const SHOT_MS = FIX.timeout + 2000;

/** Return when a picture was taken that is taken just now; null of one that was lying there. */
export function timeOfShot(file, now = Date.now()) {
  return Math.abs(now - file.lastModified) < JUST_NOW_MS ? new Date(file.lastModified) : null;
}

/**
 * Resolve to where the device is, WGS84 as browsers give it in China too; {} where it does not say.
 * Asked once for each picture: nothing watches where anybody goes.
 */
export function placeOfShot() {
  return new Promise((resolve) => {
    if (!navigator.geolocation) { resolve({}); return; }
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({ lon: coords.longitude.toFixed(6), lat: coords.latitude.toFixed(6), accuracy_m: coords.accuracy.toFixed(1) }),
      () => resolve({}), FIX);
  });
}
