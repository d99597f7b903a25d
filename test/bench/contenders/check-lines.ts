import { JsonLines } from "#bulk-export/verified-file/json-lines.ts";
import { NdjsonVerifier } from "#bulk-export/verified-file/ndjson-verifier.ts";
import { generateDataset } from "#local/simulator/records/dataset.ts";
import type { LineSpeeds } from "#test/bench/results.ts";
import { cpuMsOf } from "#test/fixtures/cpu-time.ts";

/*
 * Compares the line verifier with its table alone, and with JSON.parse of each line. It measures the thread's CPU time in the
 * best of several rounds, because the machine may be busy. The files are the simulator's, in chunks of a socket's size.
 * Argument: the number of rounds. Prints `LineSpeeds[]` as JSON.
 */

const [, , roundCount = "12"] = process.argv;
const mebibyte = 1024 * 1024;
const roundBytes = 64 * mebibyte;
const chunkBytes = 64 * 1024;
const newline = 0x0a;

type Work = (type: string, chunks: readonly Buffer[]) => void;

const verify: Work = (type, chunks) => {
  const verifier = new NdjsonVerifier({ type, count: null, transportProven: true });
  for (const chunk of chunks) verifier.push(chunk);
  verifier.finish();
};

const runTable: Work = (type, chunks) => {
  const lines = new JsonLines(type);
  for (const chunk of chunks) lines.push(chunk);
  lines.end();
};

const parse: Work = (_, chunks) => {
  const body = Buffer.concat(chunks);
  for (let start = 0, end = body.indexOf(newline); end !== -1; end = body.indexOf(newline, start)) {
    JSON.parse(body.toString("utf8", start, end));
    start = end + 1;
  }
};

/** MiB per second of CPU time. */
function speedOf(work: Work, type: string, body: Buffer): number {
  const chunks = Array.from({ length: Math.ceil(body.length / chunkBytes) }, (_, n) =>
    Buffer.from(body.subarray(n * chunkBytes, (n + 1) * chunkBytes)),
  );
  const times = Array.from({ length: Number(roundCount) }, () => cpuMsOf(() => work(type, chunks)) / 1_000);
  return body.length / mebibyte / Math.min(...times);
}

const speeds: LineSpeeds[] = generateDataset(1, 500, Number.MAX_SAFE_INTEGER)
  .files({ level: "Patient" })
  .filter(({ type }) => ["Condition", "DiagnosticReport", "Observation", "Patient"].includes(type))
  .map(({ type, body }) => {
    const round = Buffer.concat(Array.from({ length: Math.ceil(roundBytes / body.length) }, () => body));
    const [verifier, table, jsonParse] = [verify, runTable, parse].map((work) => speedOf(work, type, round));
    return { type, verifier: verifier ?? 0, table: table ?? 0, jsonParse: jsonParse ?? 0 };
  });
process.stdout.write(JSON.stringify(speeds));
