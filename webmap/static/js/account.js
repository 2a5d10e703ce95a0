// One's own account: sessions, the second factor and API tokens.

import { ask, drop, el, moment, num, page, say, tell } from "./page.js";
import { listRow, listTable } from "./lists.js";
import { showTokens } from "./token_list.js";

const of = (id) => document.getElementById(id);
const message = of("message");
const COLUMNS = [
  { words: say("session_browser") }, { words: say("session_address") }, { words: say("session_since") },
  { words: say("session_used") }, { words: say("session_end") },
];

function fail(words) {
  message.textContent = words;
  message.hidden = !words;
}

/** Do something; what fails is told at the top. */
async function attempt(deed) {
  fail("");
  try {
    await deed();
  } catch (error) {
    fail(error.message);
    message.scrollIntoView({ block: "center" });
  }
}

/** Return browser and system from what a browser says of itself, in short. */
function browser(agent) {
  const name = ["MicroMessenger", "Edg", "HuaweiBrowser", "QQBrowser", "UCBrowser", "Firefox", "Chrome", "Safari"].find((one) => agent.includes(one));
  const system = ["HarmonyOS", "Android", "iPhone", "Windows", "Mac OS X", "Linux"].find((one) => agent.includes(one));
  return [name, system].filter(Boolean).join(" · ") || agent.slice(0, 60) || say("unknown");
}

async function showSessions() {
  const { sessions } = await ask("account/sessions");
  const { table, body } = listTable(COLUMNS, say("sessions_caption"));
  body.append(...sessions.map((one) => listRow(COLUMNS, [
    [browser(one.agent), one.this ? el("span", { class: "sub" }, say("session_this")) : null],
    one.address, moment(one.created_at), moment(one.seen_at),
    one.this ? "–" : el("button", { type: "button", onclick: () => attempt(() => endOne(one.id)) }, say("session_end")),
  ])));
  of("sessions").replaceChildren(table);
  of("sessions").setAttribute("aria-busy", "false");
  of("end-others").hidden = sessions.length < 2;
}

async function ended(count) {
  of("sessions-status").textContent = say("session_ended", { n: num(count) });
  await showSessions();
}

async function endOne(id) {
  await ended((await drop(`account/sessions/${id}`)).ended);
}

function showWho({ person }) {
  const unit = person.unit_code ?? say("whole_workspace");
  const facts = [[say("account_role"), say(`role_${person.role}`)], [say("account_unit"), unit], [say("password_since"), moment(person.password_set_at ?? person.created_at)]];
  of("who").append(...facts.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
  of("who").setAttribute("aria-busy", "false");
}

function showSecond(on, must) {
  of("second-state").textContent = on ? say("second_on") : must === "second_factor" ? say("second_needed") : say("second_off");
  of("second-begin").hidden = on;
  of("second-on").hidden = true;
  of("second-off").hidden = !on;
}

function wireSecond() {
  of("second-begin").addEventListener("click", () => attempt(async () => {
    const made = await tell("account/second-factor", {});
    of("second-picture").replaceChildren(el("img", { src: made.picture, alt: say("second_picture"), width: 265, height: 265 }));
    of("second-secret").textContent = made.secret.replace(/(.{4})(?=.)/g, "$1 ");
    of("second-begin").hidden = true;
    of("second-on").hidden = false;
    of("second-on").elements.code.focus();
  }));
  of("second-on").addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      await tell("account/second-factor/on", { code: event.target.elements.code.value });
      if (must) location.reload();
      done(true, say("second_turned_on"));
    });
  });
  of("second-off").addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      await tell("account/second-factor/off", { password: event.target.elements.password.value });
      done(false, say("second_turned_off"));
    });
  });
}

/** Forget the secret on the page and say how it stands. */
function done(on, words) {
  of("second-picture").replaceChildren();
  of("second-secret").textContent = "";
  of("second-on").reset();
  of("second-off").reset();
  showSecond(on, "");
  of("second-status").textContent = words;
}

async function loadTokens() {
  const { tokens } = await ask("tokens");
  const gone = (words) => {
    of("token-status").textContent = words;
    attempt(loadTokens);
  };
  showTokens(of("tokens"), tokens, { owner: null, none: say("no_tokens"), gone, fail });
}

function wireTokens(most) {
  const form = of("token-form");
  const secret = of("token-secret");
  form.elements.days.max = most;
  form.elements.days.value = Math.min(90, most);
  form.elements.days.title = say("token_days_most", { n: num(most) });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      const { label, scope, days } = form.elements;
      const made = await tell("tokens", { label: label.value, scope: scope.value, days: Number(days.value) });
      of("token-status").textContent = say("token_shown");
      secret.firstElementChild.textContent = made.token;
      secret.hidden = false;
      form.reset();
      await loadTokens();
    });
  });
}

let must = "";
attempt(async () => {
  const account = await ask("account");
  must = account.must;
  showWho(account);
  showSecond(account.person.second_factor, must);
  wireSecond();
  wireTokens(account.token_max_days);
  // Until the second factor is on, nothing else answers.
  if (must) return;
  of("end-others").addEventListener("click", () => attempt(async () => ended((await drop("account/sessions")).ended)));
  await Promise.all([showSessions(), loadTokens()]);
});
