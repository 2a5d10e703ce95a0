// What works around every page: the search in the bar, menus that close, the tab one is on in sight,
// and who prints. It has its own words, as pages of errors have no others.

import "./theme.js";

const frame = JSON.parse(document.getElementById("frame").textContent);
const words = frame.words;
const say = (key, values = {}) =>
  (words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
const form = document.querySelector(".find");
const input = form.querySelector("input");
const list = form.querySelector(".found");
const told = form.querySelector("[role=status]");
const rows = list.querySelector("ul");
const opener = document.querySelector(".find-open");
const WAIT_MS = 200;
let asked = null;
let waiting = null;

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.textContent = text;
  return node;
}

function row(hit) {
  const link = document.createElement("a");
  link.href = hit.path;
  link.append(make("span", "kind", say(`find_${hit.kind}`)), make("span", "", hit.title));
  if (hit.detail) link.append(make("span", "more", hit.detail));
  const item = document.createElement("li");
  item.append(link);
  return item;
}

function show(text, hits = []) {
  told.textContent = text;
  rows.replaceChildren(...hits.map(row));
  list.hidden = !text;
}

async function look() {
  asked?.abort();
  const q = input.value.trim();
  if (!q) {
    show("");
    return;
  }
  asked = new AbortController();
  try {
    const answer = await fetch(`/api/v1/search?${new URLSearchParams({ q })}`, {
      headers: { Accept: "application/json" }, signal: asked.signal,
    });
    const found = await answer.json();
    if (!answer.ok) show(words.language === "zh_CN" ? found.message_zh : found.message);
    else if (!found.hits.length) show(say("find_nothing", { q }));
    else show(say(found.more ? "find_more" : "find_count", { n: found.hits.length }), found.hits);
  } catch (error) {
    if (error.name !== "AbortError") show(say("find_failed"));
  }
}

function close() {
  show("");
  form.classList.remove("open");
}

const typing = (node) => node instanceof Element && node.closest("input, textarea, select, [contenteditable]");

input.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(look, WAIT_MS);
});
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  clearTimeout(waiting);
  await look();
  if (rows.children.length === 1) rows.querySelector("a").click();
});
form.addEventListener("keydown", (event) => {
  event.stopPropagation();
  const links = [...rows.querySelectorAll("a")];
  const at = links.indexOf(document.activeElement);
  if (event.key === "Escape") {
    close();
    (opener.offsetParent ? opener : input).focus();
  } else if (event.key === "ArrowDown" && links.length) {
    event.preventDefault();
    links[Math.min(at + 1, links.length - 1)].focus();
  } else if (event.key === "ArrowUp" && at >= 0) {
    event.preventDefault();
    (at ? links[at - 1] : input).focus();
  }
});
opener.addEventListener("click", () => {
  form.classList.add("open");
  input.focus();
});
form.querySelector(".find-close").addEventListener("click", () => {
  close();
  opener.focus();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    for (const menu of document.querySelectorAll(".menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  }
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  event.preventDefault();
  form.classList.add("open");
  input.focus();
});
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(".menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  if (!form.contains(event.target) && !opener.contains(event.target)) close();
});

// Where the rail or the tabs scroll sideways, the page one is on is in sight.
for (const current of document.querySelectorAll(".rail [aria-current], .tabs [aria-current]")) {
  current.scrollIntoView({ block: "nearest", inline: "center" });
}

const printed = document.getElementById("printed-at");
addEventListener("beforeprint", () => {
  const options = { dateStyle: "long", timeStyle: "short", hour12: false, timeZone: "Asia/Shanghai" };
  const locale = words.language === "zh_CN" ? "zh-CN" : "en-GB";
  printed.textContent = say("printed_at", { time: new Intl.DateTimeFormat(locale, options).format(new Date()) });
});
