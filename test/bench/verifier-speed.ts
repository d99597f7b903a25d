import { NdjsonVerifier } from "#bulk-export/verified-file/ndjson-verifier.ts";
import { generateDataset } from "#local/simulator/records/dataset.ts";

/*
 * `npm run bench:verifier`: compares the speed of the line verifier with JSON.parse of each line. It measures the thread's CPU
 * time in the best of several rounds, because the machine may be busy. The files are the simulator's, in chunks of a
 * socket's size.
 */

const chunkBytes = 64 * 1024;
const roundBytes = 16 * 1024 * 1024;
const rounds = 12;
const newline = 0x0a;

function verify(type: string, chunks: readonly Buffer[]): void {
  const verifier = new NdjsonVerifier({ type, count: null, transportProven: true });
  for (const chunk of chunks) verifier.push(chunk);
  verifier.finish();
}

function parse(_: string, chunks: readonly Buffer[]): void {
  const body = Buffer.concat(chunks);
  for (let start = 0, end = body.indexOf(newline); end !== -1; end = body.indexOf(newline, start)) {
    JSON.parse(body.toString("utf8", start, end));
    start = end + 1;
  }
}

/** MiB per second of CPU time. */
function speedOf(work: typeof verify, type: string, body: Buffer): number {
  const chunks = Array.from({ length: Math.ceil(body.length / chunkBytes) }, (_, n) =>
    Buffer.from(body.subarray(n * chunkBytes, (n + 1) * chunkBytes)),
  );
  const times = Array.from({ length: rounds }, () => {
    const before = process.threadCpuUsage();
    work(type, chunks);
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1_000_000;
  });
  return body.length / 1024 / 1024 / Math.min(...times);
}

for (const { type, body } of generateDataset(1, 500, Number.MAX_SAFE_INTEGER).files({ level: "Patient" })) {
  if (!["Condition", "DiagnosticReport", "Observation", "Patient"].includes(type)) continue;
  const round = Buffer.concat(Array.from({ length: Math.ceil(roundBytes / body.length) }, () => body));
  const [verified, parsed] = [speedOf(verify, type, round), speedOf(parse, type, round)];
  process.stdout.write(`${type}: verified ${verified.toFixed(0)} MiB/s, JSON.parse ${parsed.toFixed(0)} MiB/s\n`);
}
