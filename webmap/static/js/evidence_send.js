// Evidence on its way to the server: raw bytes with true progress, and places from this device.

import { Refused, say, sentence } from "./page.js";

const CHECKED_BYTES = 64e6;
const csrf = document.querySelector('meta[name="csrf-token"]').content;

/** Send a file as evidence of a case; resolves to the answer. The same `client_id` counts once. */
export async function sendEvidence(caseId, file, values, onProgress) {
  const query = new URLSearchParams({ name: file.name, ...values, ...(await checksum(file)) });
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/api/v1/cases/${caseId}/evidence?${query}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("X-CSRFToken", csrf);
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => onProgress(event.loaded / Math.max(event.total, 1)));
    request.addEventListener("load", () => {
      if (request.status === 201 && request.response) resolve(request.response);
      else if (request.status === 401) reject(new Refused(401, say("signed_out")));
      else reject(new Refused(request.status, request.response ? sentence(request.response) : say("failed"), { code: request.response?.code }));
    });
    for (const name of ["error", "abort", "timeout"]) {
      request.addEventListener(name, () => reject(new Refused(0, say("broken"))));
    }
    request.send(file);
  });
}

/** Return the file's checksum for the server to compare; nothing where it can't be had. */
async function checksum(file) {
  if (!globalThis.crypto?.subtle || file.size > CHECKED_BYTES) return {};
  const content = await file.arrayBuffer().catch(() => null);
  if (!content) return {};
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  return { sha256: [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("") };
}

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
