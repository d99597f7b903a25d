import { expect, test } from "vitest";
import { downloadFile } from "#bulk-export/download-file/download-file.ts";
import { verifiedUpload } from "#bulk-export/verified-file/verified-upload.ts";
import { batchRequests, fileRequests, itemRequests, lookRequests } from "#cli/cost/export-cost.ts";
import { landingBucket } from "#platform/bucket/landing-bucket.ts";
import { bridgeInMemory, patientExport, plannedFile, planOf } from "#test/fixtures/bridge-in-memory.ts";

const line = Buffer.from('{"resourceType":"Patient","id":"1"}\n');
/** The bridge's sizes, scaled down. */
const scale = 8 * 1024;
const sizes = { putBytes: fileRequests.putBytes / scale, partBytes: fileRequests.partBytes / scale };
const indexes = [0, 1, 2];
/** "Complete export" lists the receipts, a thousand with one request. */
const readingReceipts = 1;

/** The S3 requests of an item whose files land at their first attempt, and of their receipts in "Complete export". */
async function requestsOf(bytes: number): Promise<string[]> {
  const bridge = bridgeInMemory();
  const plan = planOf(...indexes.map((index) => plannedFile(index)));
  const lines = Array.from({ length: bytes / line.length }, () => line);
  const step = downloadFile({
    ...bridge,
    openFile: () => Promise.resolve({ chunks: chunksOf(lines), wholeness: "length" }),
    upload: verifiedUpload(bridge.s3.client, landingBucket(bridge.s3.client, "landing"), sizes),
    // A container reads the plan once for all its files.
    getPlan: () => Promise.resolve(plan),
    filesAtOnce: 2,
  });
  await step({ export: patientExport, item: { exportId: "e1", run: "first", files: indexes } }, bridge.stepContext);
  await bridge.receipts.readLanded("e1");
  return bridge.s3.commands;
}

async function* chunksOf(lines: Buffer[]): AsyncGenerator<Buffer> {
  await Promise.resolve();
  yield* lines;
}

const isRead = (command: string): boolean => /^(Get|Head)/.test(command);

test.each([
  ["small files", Math.floor(lookRequests.smallBytes / scale / line.length), 1],
  [
    "files that are just too large to share a look",
    Math.ceil(lookRequests.smallBytes / scale / line.length),
    indexes.length,
  ],
  ["files of one part", Math.floor(sizes.putBytes / line.length), indexes.length],
  ["files of several parts", 200, indexes.length],
])("npm run cost counts the S3 requests of %s as the bridge makes them", async (_, count, looks) => {
  const bytes = count * line.length;
  const requests = await requestsOf(bytes);
  const { writesOf } = fileRequests;
  expect(requests.filter(isRead)).toHaveLength(itemRequests.reads + batchRequests.reads + looks * lookRequests.reads);
  expect(requests.filter((command) => !isRead(command))).toHaveLength(
    itemRequests.writes + batchRequests.writes + readingReceipts + indexes.length * writesOf(bytes * scale),
  );
});
