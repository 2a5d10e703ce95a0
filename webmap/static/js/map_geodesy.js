// Lengths and areas on the WGS84 ellipsoid.

const A_M = 6378137;
const F = 1 / 298.257223563;
const B_M = A_M * (1 - F);
const E2 = F * (2 - F);
const E = Math.sqrt(E2);
const RAD = Math.PI / 180;
const MOST_TURNS = 100;
const CLOSE = 1e-12;

/** Return metres between two places {lat, lng} in degrees (Vincenty's inverse formula, 1975). */
export function distanceM(one, other) {
  const l = (other.lng - one.lng) * RAD;
  const [u1, u2] = [one, other].map(({ lat }) => Math.atan((1 - F) * Math.tan(lat * RAD)));
  const [sinU1, cosU1, sinU2, cosU2] = [Math.sin(u1), Math.cos(u1), Math.sin(u2), Math.cos(u2)];
  let lambda = l;
  for (let turn = 0; turn < MOST_TURNS; turn += 1) {
    const [sinL, cosL] = [Math.sin(lambda), Math.cos(lambda)];
    const sinS = Math.hypot(cosU2 * sinL, cosU1 * sinU2 - sinU1 * cosU2 * cosL);
    if (sinS === 0) return 0;
    const cosS = sinU1 * sinU2 + cosU1 * cosU2 * cosL;
    const sigma = Math.atan2(sinS, cosS);
    const sinA = (cosU1 * cosU2 * sinL) / sinS;
    const cos2A = 1 - sinA * sinA;
    const cos2M = cos2A ? cosS - (2 * sinU1 * sinU2) / cos2A : 0;
    const c = (F / 16) * cos2A * (4 + F * (4 - 3 * cos2A));
    const before = lambda;
    lambda = l + (1 - c) * F * sinA * (sigma + c * sinS * (cos2M + c * cosS * (2 * cos2M * cos2M - 1)));
    if (Math.abs(lambda - before) > CLOSE) continue;
    const u = (cos2A * (A_M * A_M - B_M * B_M)) / (B_M * B_M);
    const a = 1 + (u / 16384) * (4096 + u * (u * (320 - 175 * u) - 768));
    const b = (u / 1024) * (256 + u * (u * (74 - 47 * u) - 128));
    const part = cosS * (2 * cos2M * cos2M - 1) - (b / 6) * cos2M * (4 * sinS * sinS - 3) * (4 * cos2M * cos2M - 3);
    return B_M * a * (sigma - b * sinS * (cos2M + (b / 4) * part));
  }
  return NaN;
}

const q = (sin) => (1 - E2) * (sin / (1 - E2 * sin * sin) - Math.log((1 - E * sin) / (1 + E * sin)) / (2 * E));
const Q_POLE = q(1);

/** Return the square metres of a ring of places: a sphere of the same area, by authalic latitudes. */
export function areaM2(ring) {
  const sines = ring.map(({ lat }) => q(Math.sin(lat * RAD)) / Q_POLE);
  let sum = 0;
  ring.forEach(({ lng }, k) => {
    const next = (k + 1) % ring.length;
    sum += (ring[next].lng - lng) * RAD * (2 + sines[k] + sines[next]);
  });
  return (Math.abs(sum) * A_M * A_M * Q_POLE) / 4;
}
