import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Agent, request } from "undici";
import { openOutputFile } from "#bulk-export/server/output-file.ts";
import { verifiedUpload } from "#bulk-export/verified-file/verified-upload.ts";
import { s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { landingBucket } from "#platform/bucket/landing-bucket.ts";
import { undiciHttp } from "#platform/http/http.ts";
import { testClient } from "#test/fixtures/integra-client.ts";
import type { Peers } from "./loopback-peers.ts";

/*
 * `npm run bench:download`: measures how fast one process of the bridge downloads, verifies and lands files, and its memory.
 * The file server and the S3 are on loopback in another process. The CPU time is that of the working thread: on a busy
 * machine it is closer to the speed of an idle core than the clock.
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

const agent = new Agent({ connections: 16 });
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

async function stored(): Promise<number> {
  return Number(await (await request(peers.s3Origin)).body.text());
}

/** Prints the time and memory of `work`, which returns the number of landed bytes. S3 must have got as many. */
async function measured(what: string, work: () => Promise<number>): Promise<void> {
  const before = await stored();
  const began = performance.now();
  const cpu = process.threadCpuUsage();
  const bytes = await work();
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.threadCpuUsage(cpu);
  if (bytes !== (await stored()) - before) throw new Error("S3 got another number of bytes than landed");
  const cpuSeconds = (user + system) / 1_000_000;
  const speed = (per: number) => `${per.toFixed(2)} s, ${(bytes / mebibyte / per).toFixed(0)} MiB/s`;
  const peak = (process.resourceUsage().maxRSS / 1024).toFixed(0);
  process.stdout.write(`${what}: ${speed(seconds)}; by CPU time ${speed(cpuSeconds)}; peak RSS so far ${peak} MiB\n`);
}

await measured("4 files of 200 MiB, one after another", async () => {
  let bytes = 0;
  for (const type of ["Observation", "Patient", "Condition", "DiagnosticReport"]) {
    bytes += await land(type, 200 * mebibyte, type);
  }
  return bytes;
});

await measured("5,000 files of 2 kB, 16 at once", async () => {
  let next = 0;
  let bytes = 0;
  const lander = async () => {
    while (next < 5_000) {
      next += 1;
      const landed = await land("Observation", 2_000, `small/${next}`);
      bytes += landed;
    }
  };
  await Promise.all(Array.from({ length: 16 }, lander));
  return bytes;
});

await agent.close();
s3.destroy();
child.disconnect();
