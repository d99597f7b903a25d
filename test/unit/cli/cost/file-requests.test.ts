import { expect, test } from "vitest";
import { downloadFile } from "#bulk-export/download-file/download-file.ts";
import { verifiedUpload } from "#bulk-export/verified-file/verified-upload.ts";
import { fileRequests } from "#cli/cost/export-cost.ts";
import { landingBucket } from "#platform/bucket/landing-bucket.ts";
import { bridgeInMemory, patientExport, plannedFile, planOf } from "#test/fixtures/bridge-in-memory.ts";

const line = Buffer.from('{"resourceType":"Patient","id":"1"}\n');
const partBytes = 1024;

/** The S3 requests of a file that lands at its first attempt, and of its receipt in "Complete export". */
async function requestsOf(bytes: number): Promise<string[]> {
  const bridge = bridgeInMemory();
  const plan = planOf(plannedFile(0));
  const lines = Array.from({ length: bytes / line.length }, () => line);
  const step = downloadFile({
    ...bridge,
    openFile: () => Promise.resolve({ chunks: chunksOf(lines), wholeness: "length" }),
    upload: verifiedUpload(bridge.s3.client, landingBucket(bridge.s3.client, "landing"), partBytes),
    // A container reads the plan once for all its files.
    getPlan: () => Promise.resolve(plan),
  });
  await step({ export: patientExport, item: { exportId: "e1", run: "first", index: 0 } }, bridge.stepContext);
  await bridge.receipts.findLanded("e1", 0);
  return bridge.s3.commands;
}

async function* chunksOf(lines: Buffer[]): AsyncGenerator<Buffer> {
  await Promise.resolve();
  yield* lines;
}

const isRead = (command: string): boolean => /^(Get|Head)/.test(command);

test.each([
  ["a small file", 10],
  ["a file of one part", Math.floor(partBytes / line.length)],
  ["a file of several parts", 100],
])("npm run cost counts the S3 requests of %s as the bridge makes them", async (_, count) => {
  const bytes = count * line.length;
  const requests = await requestsOf(bytes);
  const scale = fileRequests.partBytes / partBytes;
  expect(requests.filter(isRead)).toHaveLength(fileRequests.reads);
  expect(requests.filter((command) => !isRead(command))).toHaveLength(
    fileRequests.writes + fileRequests.writesOf(bytes * scale),
  );
});
