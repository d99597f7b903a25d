import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Agent } from "undici";
import { undiciHttp } from "#integra/http.ts";
import { openOutputFile } from "#integra/output-file.ts";
import { landingBucket } from "#landing/landing-bucket.ts";
import { verifiedUpload } from "#landing/verified-upload.ts";
import { s3Client } from "#runtime/landing.ts";
import { testClient } from "#test/fixtures/integra-client.ts";
import type { Peers } from "./loopback-peers.ts";

/*
 * How fast one process of the bridge lands files, and in how much memory: `npm run bench:download`. The file server and
 * the S3 are in a process of their own, on loopback.
 */

const mebibyte = 1024 * 1024;

const child = fork(fileURLToPath(new URL("loopback-peers.ts", import.meta.url)));
const [peers] = (await once(child, "message")) as [Peers];
Object.assign(process.env, {
  AWS_ENDPOINT_URL: peers.s3Origin,
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "bench",
  AWS_SECRET_ACCESS_KEY: "bench",
});

const agent = new Agent({ connections: 8 });
const client = testClient(undiciHttp(agent), peers.filesOrigin);
const s3 = s3Client();
const upload = verifiedUpload(s3, landingBucket(s3, "bench"));

async function land(type: string, bytes: number, key: string): Promise<number> {
  const url = new URL(`/${type}/${bytes}`, peers.filesOrigin);
  const { chunks, wholeness } = await openOutputFile(client, { url, requiresAccessToken: true });
  const verified = await upload(chunks, {
    key,
    expected: { type, count: null, transportProven: wholeness !== "unproven" },
    beforeVisible: () => Promise.resolve(),
  });
  return verified.bytes;
}

async function measured(what: string, work: () => Promise<number>): Promise<void> {
  const before = performance.now();
  const cpu = process.cpuUsage();
  const bytes = await work();
  const seconds = (performance.now() - before) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const speed = bytes / mebibyte / seconds;
  console.log(
    `${what}: ${seconds.toFixed(2)} s, ${speed.toFixed(0)} MiB/s, cpu ${(user / 1e6).toFixed(2)}+${(system / 1e6).toFixed(2)}, peak RSS ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`,
  );
}

await measured("4 files of 200 MiB, one after another", async () => {
  let bytes = 0;
  for (const type of ["Observation", "Patient", "Condition", "DiagnosticReport"])
    bytes += await land(type, 200 * mebibyte, type);
  return bytes;
});

await measured("5,000 files of 2 kB, 16 at once", async () => {
  let next = 0;
  let bytes = 0;
  const lander = async () => {
    while (next < 5_000) bytes += await land("Observation", 2_000, `small/${next++}`);
  };
  await Promise.all(Array.from({ length: 16 }, lander));
  return bytes;
});

await agent.close();
s3.destroy();
child.disconnect();
