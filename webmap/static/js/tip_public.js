// The public form: place by tapping or by the phone, photos told before they are sent, and sending
// that may be repeated: the form carries its own identifier and code, so the same one counts once.

import { page, say } from "./page.js";

const form = document.getElementById("tip");
const by = (id) => document.getElementById(id);

if (form) {
  const field = (name) => form.elements.namedItem(name);
  const said = by("place-said");
  let point = null;
  let chart = null;
  let mark = null;

  const show = (lon, lat, from, accuracy) => {
    point = { lon, lat };
    field("lon").value = lon.toFixed(6);
    field("lat").value = lat.toFixed(6);
    field("place_from").value = from;
    field("accuracy_m").value = accuracy === null ? "" : String(Math.round(accuracy));
    const values = { lon: lon.toFixed(5), lat: lat.toFixed(5), m: accuracy === null ? "" : Math.round(accuracy) };
    said.textContent = say(from === "phone" ? "tip_fix" : "tip_point", values);
    by("forget").hidden = false;
    if (!chart) return;
    mark ??= L.circleMarker([lat, lon], { radius: 9, color: "#8e0152", weight: 3, fillOpacity: 0.3 }).addTo(chart);
    mark.setLatLng([lat, lon]);
    if (from === "phone") chart.setView([lat, lon], 14);
  };

  const forget = () => {
    point = null;
    for (const name of ["lon", "lat", "place_from", "accuracy_m"]) field(name).value = "";
    mark?.remove();
    mark = null;
    said.textContent = chart ? say("tip_tap") : "";
    by("forget").hidden = true;
  };

  // No tiles and no names: the outline alone, which any printed map shows.
  if (page.outline && window.L) {
    by("map").hidden = false;
    chart = L.map("map", { attributionControl: false, zoomControl: false, scrollWheelZoom: false });
    L.control.zoom({ zoomInTitle: say("zoom_in"), zoomOutTitle: say("zoom_out") }).addTo(chart);
    L.control.scale({ imperial: false }).addTo(chart);
    const outline = L.geoJSON(page.outline, { interactive: false, style: { color: "#0b6e6e", weight: 2, fillOpacity: 0.06 } });
    outline.addTo(chart);
    chart.fitBounds(outline.getBounds(), { padding: [8, 8] });
    chart.on("click", (event) => {
      const at = event.latlng.wrap();
      show(at.lng, at.lat, "map", null);
    });
    said.textContent = say("tip_tap");
  }
  if (field("lon").value && field("lat").value) {
    show(Number(field("lon").value), Number(field("lat").value), field("place_from").value || "map", null);
  }
  by("forget").addEventListener("click", forget);

  if (navigator.geolocation && window.isSecureContext) {
    by("here").hidden = false;
    by("here").addEventListener("click", () => {
      said.textContent = say("tip_finding");
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => show(coords.longitude, coords.latitude, "phone", coords.accuracy),
        () => { said.textContent = say("tip_no_fix"); },
        { enableHighAccuracy: true, timeout: 30000, maximumAge: 0 },
      );
    });
  }

  const photos = field("photos");
  photos.addEventListener("change", () => {
    const files = [...photos.files];
    const large = files.find((file) => file.size > page.most_mb * 1e6);
    const mb = (files.reduce((sum, file) => sum + file.size, 0) / 1e6).toFixed(1);
    if (large) by("photo-said").textContent = say("tip_too_large", { name: large.name, mb: page.most_mb });
    else if (files.length > page.most_photos) by("photo-said").textContent = say("tip_too_many", { n: page.most_photos });
    else if (files.length) by("photo-said").textContent = say("tip_chosen", { n: files.length, mb });
    by("photo-said").classList.toggle("problem", Boolean(large) || files.length > page.most_photos);
  });

  const problem = (words) => {
    by("problem").textContent = words;
    by("problem").hidden = false;
    by("problem").scrollIntoView({ block: "center" });
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const data = new FormData(form);
    const files = data.getAll("photos").filter((file) => file.size);
    data.delete("photos");
    for (const file of files.slice(0, page.most_photos)) data.append("photos", file);
    by("send").disabled = true;
    by("problem").hidden = true;
    by("sending").textContent = say("tip_sending");
    try {
      const answer = await fetch(form.action, { method: "POST", body: data, headers: { Accept: "application/json" } });
      const told = await answer.json().catch(() => null);
      if (answer.ok && told) done(told);
      else if (told) problem(page.words.language === "zh_CN" ? told.message_zh : told.message);
      else problem(say(answer.status === 400 ? "tip_stale" : "tip_failed"));
    } catch {
      problem(say("tip_not_sent"));
    }
    by("send").disabled = false;
    by("sending").textContent = "";
  });

  const done = (told) => {
    form.hidden = true;
    form.reset();
    by("masked").hidden = !told.masked;
    by("claim").hidden = !told.code;
    by("code").textContent = told.code ?? "";
    by("done").hidden = false;
    by("done").focus();
    window.scrollTo(0, 0);
  };
}

by("print").hidden = false;
by("print").addEventListener("click", () => window.print());
if (navigator.clipboard) {
  by("copy").hidden = false;
  by("copy").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(by("code").textContent);
      by("copied").textContent = say("tip_copied");
    } catch {
      getSelection().selectAllChildren(by("code"));
    }
  });
}
