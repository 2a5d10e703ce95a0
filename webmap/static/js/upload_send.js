// One file on its way by tus: in pieces as large as the line carries in a few seconds, tried again
// for as long as it takes. Only bytes that the server has on its disk count as sent.

import { say, sentence } from "./page.js";
import { freshen } from "./session_pass.js";

const ENDPOINT = "/api/v1/uploads";
const FIRST_BYTES = 256 * 1024;
const LEAST_BYTES = 64 * 1024;
const MOST_BYTES = 8 * 1024 * 1024;
const PIECE_MS = 6000;
const LONGEST_PAUSE_MS = 60000;
const SIGNED_OUT_PAUSE_MS = 20000;
const MOST_BEGINNINGS = 4;
const FINAL = [400, 403, 413, 415, 422];
const GONE = [404, 410];
const token = () => document.querySelector('meta[name="csrf-token"]').content;

/** Return what an error of the client's library says of the answer, and whether our server gave it. */
function answerOf(error) {
  const answer = error.originalResponse;
  if (!answer) return { status: 0, ours: false, told: null, wait: 0 };
  let told = null;
  try {
    told = JSON.parse(answer.getBody());
  } catch {
    // A network's login page, or no body at all.
  }
  const ours = answer.getHeader("Tus-Resumable") === "1.0.0" || Boolean(told?.code);
  return { status: answer.getStatus(), ours, told, wait: Number(answer.getHeader("Retry-After")) * 1000 };
}

async function hexOf(algorithm, blob) {
  const digest = new Uint8Array(await crypto.subtle.digest(algorithm, await blob.arrayBuffer()));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Return the file's SHA-256, null where it can't be had (plain http, a large file, a file that is gone). */
export function sha256Of(file, mostBytes) {
  if (!globalThis.crypto?.subtle || file.size > mostBytes) return Promise.resolve(null);
  return hexOf("SHA-256", file).catch(() => null);
}

/** A file that is being sent, can rest, go on and be given up. */
export class Sending {
  #upload;
  #heard;
  #url;
  #tries = 0;
  #beginnings = 0;
  #timer = null;
  #piece = 0;
  #resting = false;
  #began = false;

  /**
   * @param file what is sent
   * @param metadata its filename, sha256 and what is said of it
   * @param url where an earlier try began, or null
   * @param heard placed(url), went(bytes), waits(words), refused(words, again), done(receipt, url)
   */
  constructor(file, metadata, url, heard) {
    this.#heard = heard;
    this.#url = url;
    this.#upload = new globalThis.tus.Upload(file, {
      endpoint: ENDPOINT,
      metadata,
      chunkSize: FIRST_BYTES,
      retryDelays: null,
      storeFingerprintForResuming: false,
      onBeforeRequest: (request) => { this.#prepare(request); },
      onUploadUrlAvailable: () => this.#placed(),
      onChunkComplete: (size, accepted) => this.#went(size, accepted),
      onSuccess: ({ lastResponse }) => heard.done(lastResponse.getHeader("Upload-Receipt"), this.#upload.url),
      onError: (error) => this.#failed(error),
    });
    window.addEventListener("online", this.#online);
  }

  start() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#resting = false;
    const { options } = this.#upload;
    // Without an endpoint the library never begins anew of itself, whatever answers in our server's place.
    options.endpoint = this.#url ? null : ENDPOINT;
    this.#upload.url = this.#url;
    this.#began = true;
    this.#upload.start();
  }

  rest() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#resting = true;
    return this.#began ? this.#upload.abort().catch(() => null) : Promise.resolve();
  }

  /** Give up, and tell the server so that it keeps no room for it. */
  async end() {
    await this.rest();
    this.close();
    if (this.#url) {
      const headers = { "Tus-Resumable": "1.0.0", "X-CSRFToken": token() };
      await fetch(this.#url, { method: "DELETE", headers }).catch(() => null);
    }
  }

  close() {
    clearTimeout(this.#timer);
    window.removeEventListener("online", this.#online);
  }

  #online = () => { if (this.#timer !== null) this.start(); };

  #prepare(request) {
    request.setHeader("X-CSRFToken", token());
    this.#piece = performance.now();
  }

  #placed() {
    this.#url = this.#upload.url;
    this.#heard.placed(this.#url);
  }

  #went(size, accepted) {
    this.#tries = 0;
    this.#beginnings = 0;
    const took = Math.max(performance.now() - this.#piece, 1);
    const fits = size * (PIECE_MS / took);
    const { options } = this.#upload;
    const next = Math.min(fits, options.chunkSize * 2, MOST_BYTES);
    options.chunkSize = Math.max(LEAST_BYTES, Math.round(next));
    this.#heard.went(accepted);
  }

  #failed(error) {
    if (this.#resting) return;
    const { status, ours, told, wait } = answerOf(error);
    const { options } = this.#upload;
    options.chunkSize = Math.max(LEAST_BYTES, Math.round(options.chunkSize / 2));
    const expired = status === 401 || told?.code === "page_expired";
    const words = told ? sentence(told) : say("failed");
    if (status === 0 && !error.originalRequest) {
      // The file itself can't be read any more.
      this.#heard.refused(say("upload_unreadable"), true);
      return;
    }
    if (ours && !expired && FINAL.includes(status)) {
      this.#heard.refused(words, false);
      return;
    }
    if (ours && GONE.includes(status)) {
      this.#beginnings += 1;
      this.#url = null;
    }
    if (status === 460) this.#beginnings += 1;
    if (this.#beginnings >= MOST_BEGINNINGS) {
      this.#heard.refused(words, true);
      return;
    }
    if (told?.code === "page_expired") freshen();
    this.#tries += 1;
    const pause = Math.min(LONGEST_PAUSE_MS, 500 * 2 ** Math.min(this.#tries, 8)) * (0.5 + Math.random() / 2);
    const patience = expired ? SIGNED_OUT_PAUSE_MS : wait || (status === 409 ? 50 : pause);
    this.#timer = setTimeout(() => this.start(), patience);
    this.#heard.waits(expired ? say("upload_signed_out") : ours ? words : say(status ? "upload_foreign" : "upload_no_line"));
  }
}
