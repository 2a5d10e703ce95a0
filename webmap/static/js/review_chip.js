// A picture of a patch at true scale with its outline over it, and what to load before it is needed.

import { el, page, svg } from "./page.js";

const SIZES = [128, 256, 512, 768, 1024];
const LEAST_M = 1;
const MOST_M = 2000;

/** Return the picture size for a box of a page: no finer than the screen, nor than what was flown. */
function sizeFor(node, span) {
  const screen = (node.clientWidth || 256) * Math.min(window.devicePixelRatio || 1, 2);
  const flown = (2 * span * 100) / page.survey.gsd_cm;
  return SIZES.find((size) => size >= Math.min(screen, flown)) ?? SIZES.at(-1);
}

const rounded = (span) => Number(Math.min(Math.max(span, LEAST_M), MOST_M).toPrecision(3));

export const chipAddress = (patch, span, size, more = "") =>
  `/api/v1/patches/${patch}/chip.png?outline=0&size=${size}&span_m=${rounded(span)}${more}`;

/** Return a chip in a box of the page: show(one, span) draws, ready says whether it is there, broken that it can't be. */
export function chipIn(node, { alt, failed, onready }) {
  const image = el("img", { alt: "", width: 512, height: 512, draggable: "false" });
  const lines = svg("svg", { class: "outline", "aria-hidden": "true" });
  const missing = el("p", { class: "hint", hidden: true }, failed);
  const told = { ready: false, broken: false, span: 0, patch: null };
  let next = null;
  node.append(image, lines, missing);

  function settle(loaded) {
    Object.assign(told, { ready: loaded, broken: !loaded });
    node.classList.remove("loading");
    missing.hidden = loaded;
    image.style.visibility = loaded ? "visible" : "hidden";
    drawOutline();
    onready?.(told);
  }

  function drawOutline() {
    const { one, span } = next;
    lines.setAttribute("viewBox", `${-span / 2} ${-span / 2} ${span} ${span}`);
    const way = one.outline.map((ring) => `M${ring.map(([x, y]) => `${x} ${-y}`).join("L")}Z`).join("");
    const both = ["under", "over"].map((name) => svg("path", { class: name, d: way }));
    lines.replaceChildren(...both);
  }

  const isWanted = () => image.dataset.wanted === image.getAttribute("src");
  image.addEventListener("load", () => { if (isWanted()) settle(true); });
  image.addEventListener("error", () => {
    if (!isWanted()) return;
    // Shown once more it is fetched once more.
    image.removeAttribute("src");
    settle(false);
  });

  return Object.assign(told, {
    show(one, span) {
      const address = chipAddress(one.patch, span, sizeFor(node, span));
      const another = told.patch !== one.patch;
      next = { one, span: rounded(span) };
      Object.assign(told, { ready: false, broken: false, span: next.span, patch: one.patch });
      node.classList.add("loading");
      // The picture of another patch must not be judged in place of this one.
      if (another) { image.style.visibility = "hidden"; lines.replaceChildren(); }
      image.alt = alt(one, next.span);
      image.dataset.wanted = address;
      if (image.getAttribute("src") !== address) image.src = address;
      else if (image.complete) settle(image.naturalWidth > 0);
    },
    outline(on) { lines.style.visibility = on ? "" : "hidden"; },
    address: (one, span) => chipAddress(one.patch, span, sizeFor(node, span)),
    clear() {
      Object.assign(told, { ready: false, broken: false, patch: null });
      node.classList.remove("loading");
      image.style.visibility = "hidden";
      missing.hidden = true;
      lines.replaceChildren();
    },
  });
}
