import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { ExportJob } from "#bulk-export/language/export-job.ts";
import type { ExportPlan } from "#bulk-export/language/export-plan.ts";
import type { ExportSummary } from "#bulk-export/language/export-summary.ts";
import type { LandedFile } from "#bulk-export/language/landed-file.ts";
import { jobKey, manifestKey, receiptKey, receiptPrefix } from "#bulk-export/records/export-keys.ts";
import { exportRecords } from "#bulk-export/records/export-records.ts";
import { exportPrefix } from "#bulk-export/records/landing-keys.ts";
import { landingBucket } from "#platform/bucket/landing-bucket.ts";
import { s3InMemory } from "#test/fixtures/s3-in-memory.ts";

/*
 * An S3 with an export of which every file landed, in a process of its own. It makes receipts up when they are requested, and keeps
 * only the size of what is written. To any other service it answers that there is nothing.
 */

export const exportId = "large-export";
export const serverOrigin = "https://portal.example";
const at = "2026-03-01T12:00:00.000Z";
const pageSize = 1_000;
const filesPerItem = 25;
/** An object has the receipts of those files that landed within seconds of each other. */
const filesPerReceipt = 10;

/** The message to the parent process after the server listens. */
export interface Listening {
  origin: string;
}

const files = Number(process.argv[2]);
const urlOf = (index: number): string =>
  `${serverOrigin}/MoBulkDownload/downloadNDJSON?objectId=6b083232fb54b3f1f8ca6d2c&resource=Observation&fileName=observation_file_${index}.ndjson`;
const keyOf = (index: number): string => `${exportPrefix(exportId)}Observation/observation_file_${index}.ndjson`;

const receiptOf = (index: number): LandedFile => ({
  index,
  kind: "output",
  type: "Observation",
  key: keyOf(index),
  lines: 10_000,
  bytes: 12_000_000,
  checksum: { algorithm: "CRC32", value: "dFvpWw==" },
  landedAt: at,
});

const indexes = Array.from({ length: files }, (_, index) => index);
const plan: ExportPlan = {
  exportId,
  run: "first",
  transactionTime: at,
  requiresAccessToken: true,
  manifestReadAt: at,
  files: indexes.map((index) => ({
    index,
    kind: "output",
    type: "Observation",
    url: urlOf(index),
    key: keyOf(index),
    count: 10_000,
  })),
};
const manifest = {
  transactionTime: at,
  request: `${serverOrigin}/Patient/$export`,
  requiresAccessToken: true,
  output: indexes.map((index) => ({ type: "Observation", url: urlOf(index), count: 10_000 })),
  error: [],
};
const job: ExportJob = {
  exportId,
  statusUrl: `${serverOrigin}/bulkExport/1`,
  kickOffUrl: `${serverOrigin}/Patient/$export`,
  kickedOffAt: at,
  foreign: false,
};

const issues = { fatal: 0, error: 0, warning: 0, information: 0 };
const summary: ExportSummary = {
  version: "1",
  exportId,
  requestId: null,
  status: "complete",
  request: { level: "patient", outputFormat: "application/fhir+ndjson" },
  predecessor: null,
  adoptedFrom: null,
  run: "first",
  transactionTime: at,
  serverJobId: "1",
  files: indexes.map(receiptOf),
  failedFiles: [],
  totals: { files, failedFiles: 0, lines: 10_000 * files, bytes: 12_000_000 * files, issues },
  warnings: [],
  timings: { startedAt: at, kickedOffAt: at, manifestReadAt: at, completedAt: at },
};

const stored = s3InMemory();
const bucket = landingBucket(stored.client, "landing");
await exportRecords(bucket).savePlan(plan);
await bucket.putJson(manifestKey(exportId), manifest);
await bucket.putJson(jobKey(exportId), job);
await exportRecords(bucket).saveSummary(summary);

/** The files of each object with receipts, by its key. */
const receiptFiles = new Map<string, number[]>();
for (let item = 0; item < files; item += filesPerItem)
  for (let first = item; first < Math.min(item + filesPerItem, files); first += filesPerReceipt) {
    const landed = indexes.slice(first, Math.min(first + filesPerReceipt, item + filesPerItem));
    const last = first + landed.length - 1;
    receiptFiles.set(receiptKey(exportId, { item, first, last, content: "0123456789abcdef" }), landed);
  }
const listings = new Map([
  [receiptPrefix(exportId), [...receiptFiles.keys()].map((key) => ({ key, bytes: 2_500 }))],
  [exportPrefix(exportId), indexes.map((index) => ({ key: keyOf(index), bytes: 12_000_000 }))],
]);
/** The sizes of the objects that were written, by key. */
const written: Record<string, number> = {};

/** The page of a listing that a request names, as S3 writes it. */
function listing(query: URLSearchParams): string {
  const all = listings.get(query.get("prefix") ?? "") ?? [];
  const begin = Number(query.get("continuation-token") ?? 0);
  const end = begin + pageSize;
  const contents = all
    .slice(begin, end)
    .map(
      ({ key, bytes }) =>
        `<Contents><Key>${key}</Key><LastModified>${at}</LastModified><ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>${bytes}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
    );
  const next = end < all.length ? `<NextContinuationToken>${end}</NextContinuationToken>` : "";
  return `<ListBucketResult>${contents.join("")}${next}</ListBucketResult>`;
}

function objectAt(key: string): string | Buffer | undefined {
  const landed = receiptFiles.get(key);
  return landed === undefined ? stored.objects.get(key)?.body : JSON.stringify(landed.map(receiptOf));
}

function answer(request: IncomingMessage, response: ServerResponse, received: number): void {
  const { pathname, searchParams } = new URL(request.url ?? "", "http://s3");
  const key = pathname.split("/").slice(2).join("/");
  if (request.method === "PUT") {
    written[key] = received;
    response.end();
  } else if (request.method === "POST") response.setHeader("content-type", "application/x-amz-json-1.0").end("{}");
  else if (pathname === "/") response.end(JSON.stringify(written));
  else if (searchParams.has("list-type")) response.end(listing(searchParams));
  else {
    const body = objectAt(key);
    response.statusCode = body === undefined ? 404 : 200;
    response.end(body ?? "<Error><Code>NoSuchKey</Code></Error>");
  }
}

const server = createServer((request, response) => {
  let received = 0;
  request.on("data", (chunk: Buffer) => {
    received += chunk.length;
  });
  request.on("end", () => {
    answer(request, response, received);
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  process.send?.({ origin: `http://127.0.0.1:${address.port}` } satisfies Listening);
});
process.on("disconnect", () => process.exit());
