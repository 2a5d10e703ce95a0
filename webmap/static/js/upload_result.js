// What became of a file, in the words of the server, with its receipt.

import { bytes, clock, el, moment, num, say, sentence } from "./page.js";

const NAMES = { added: "done", duplicate: "duplicate", refused: "refused", received: "received", waiting: "upload_queued", reading: "reading", failed: "upload_failed" };
/** Return whether a receipt's file was not read to its end yet. */
export const isOpen = (answer) => ["waiting", "reading"].includes(answer.state)
  || (answer.result === null && ["waiting", "running"].includes(answer.job?.state));

const list = (lines) => (lines.length ? [el("ul", {}, lines.map((text) => el("li", {}, text)))] : []);

function links(result, state) {
  if (!result || state === "refused") return [];
  const shown = Number.isInteger(result.id) && ["track", "survey", "photo"].includes(result.kind);
  const tracks = result.details?.tracks ?? (result.kind === "track" && result.id ? [result.id] : []);
  return [
    ...(shown ? [el("p", {}, el("a", { href: `/map#${result.kind}=${result.id}` }, say("see")))] : []),
    ...(tracks.length ? [el("p", {}, tracks.flatMap((id) => [el("a", { href: `/tracks/${id}` }, say("track_page", { id })), " "]))] : []),
  ];
}

/**
 * Show a receipt and what became of its file.
 * @param parts row, status and story of the file on the page
 * @param answer the receipt
 * @param since when it was sent now; an earlier receipt is said politely
 */
export function fill({ row, status, story }, answer, since = null) {
  const { result, job } = answer;
  const again = since !== null && new Date(answer.received_at) < since;
  const open = isOpen(answer);
  const state = open ? answer.state : answer.state === "failed" ? "failed" : result?.status ?? answer.state ?? "received";
  row.className = again && state === "added" ? "duplicate" : state;
  status.textContent = say(again && state === "added" ? "duplicate" : NAMES[state] ?? "received");
  const phase = open && job?.phase ? sentence({ message: job.phase.en, message_zh: job.phase.zh }) : null;
  const doubts = result?.details?.doubts ?? [];
  const receipt = { time: clock(answer.received_at), size: bytes(answer.bytes), id: answer.receipt };
  story.replaceChildren(
    ...(again ? [el("p", {}, say("upload_again", { moment: moment(answer.received_at) }))] : []),
    ...(answer.sent_before ? [el("p", {}, say("upload_others", { moment: moment(answer.sent_before) }))] : []),
    ...(phase ? [el("p", {}, phase)] : []),
    ...(state === "failed" && job?.error ? [el("p", {}, sentence(job.error))] : []),
    ...(result ? [el("p", {}, sentence(result))] : []),
    ...list((result?.problems ?? []).map(sentence)),
    ...(doubts.length ? [el("p", { class: "doubted" }, say("doubts_found", { n: num(doubts.length) })), ...doubts.map((doubt) => el("p", { class: "doubt" }, sentence(doubt)))] : []),
    ...links(result, state),
    el("p", { class: "receipt" }, say("receipt", receipt)),
  );
  return state;
}
