import { openOutputFile } from "#bulk-export/server/output-file.ts";
import { PartMemory } from "#bulk-export/verified-file/part-memory.ts";
import { StagedObject } from "#bulk-export/verified-file/staged-object.ts";
import { defaultSizes, type UploadVerified, verifiedUpload } from "#bulk-export/verified-file/verified-upload.ts";
import { s3Client } from "#platform/bucket/bucket-from-environment.ts";
import { landingBucket } from "#platform/bucket/landing-bucket.ts";
import { readBody, undiciHttp } from "#platform/http/http.ts";
import { Agent } from "#platform/http/undici-parts.ts";
import type { ListedFile } from "#test/bench/loopback/export-server.ts";
import { testClient } from "#test/fixtures/integra-client.ts";

/*
 * Lands all files of an export, as the function "Download file" does, and ends. `unverified` leaves the verifier out: what
 * remains is the limit of the path. Arguments: base URL of the export, "verified" or "unverified", how many files at once.
 */

const [, , base = "", checks = "verified", atOnce = "1"] = process.argv;

const agent = new Agent({ connections: 16 });
const http = undiciHttp(agent);
const client = testClient(http, new URL(base).origin);
const s3 = s3Client();
const upload = checks === "verified" ? verifiedUpload(s3, landingBucket(s3, "bench")) : uploadUnverified;

const memory = new PartMemory();

async function uploadUnverified(
  chunks: AsyncIterable<Buffer>,
  { key, beforeVisible }: Parameters<UploadVerified>[1],
): Promise<void> {
  const object = new StagedObject(s3, "bench", key, {
    contentType: "application/fhir+ndjson",
    ...defaultSizes,
    memory,
    onAbortFailed: (error) => process.emitWarning(String(error)),
  });
  for await (const chunk of chunks) await object.write(chunk);
  await object.publish(beforeVisible);
}

async function land({ type, url }: ListedFile): Promise<void> {
  const { chunks, wholeness } = await openOutputFile(client, { url: new URL(url), requiresAccessToken: true });
  await upload(chunks, {
    key: new URL(url).pathname.slice(1),
    expected: { type, count: null, transportProven: wholeness !== "unproven" },
    beforeVisible: () => Promise.resolve(),
  });
}

async function landAll(): Promise<void> {
  const answer = await http({ method: "GET", url: new URL(`${base}/status`), headers: {} });
  const manifest = JSON.parse(String(await readBody(answer, 64 * 1024 ** 2))) as { output: ListedFile[] };
  const files = manifest.output.values();
  const landInTurn = async (): Promise<void> => {
    for (const file of files) await land(file);
  };
  await Promise.all(Array.from({ length: Number(atOnce) }, landInTurn));
  await agent.close();
  s3.destroy();
}

void landAll();
