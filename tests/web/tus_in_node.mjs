// Sends a file with tus-js-client on node: node tus_in_node.mjs ENDPOINT TOKEN FILE [URL [STOP_AFTER_BYTES]]
// In the environment: TUS_PIECE_BYTES, and TUS_WAITS_MS between tries, with commas.
import { createReadStream, statSync } from "node:fs";
import { createRequire } from "node:module";
const { Upload } = createRequire(import.meta.url)("tus-js-client");

const [endpoint, token, path, uploadUrl = "", stopAfter = ""] = process.argv.slice(2);
const upload = new Upload(createReadStream(path), {
  endpoint,
  uploadUrl: uploadUrl || null,
  uploadSize: statSync(path).size,
  chunkSize: Number(process.env.TUS_PIECE_BYTES ?? 50_000),
  retryDelays: (process.env.TUS_WAITS_MS ?? "100,300,1000").split(",").map(Number),
  metadata: { filename: "从节点.bin" },
  headers: { Authorization: `Bearer ${token}` },
  onChunkComplete: async (size, accepted) => {
    if (!stopAfter || accepted < Number(stopAfter)) return;
    await upload.abort();
    console.log(JSON.stringify({ url: upload.url, accepted }));
    process.exit(0);
  },
  onSuccess: ({ lastResponse }) => {
    console.log(JSON.stringify({ url: upload.url, receipt: lastResponse.getHeader("Upload-Receipt") }));
    process.exit(0);
  },
  onError: (error) => {
    console.error(String(error));
    process.exit(1);
  },
});
upload.start();
