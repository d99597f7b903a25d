import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import type { CompleteInput, ExportContext, PlanInput } from "#bulk-export/language/export-state.ts";
import { memoryMibOf } from "#cli/cost/export-cost.ts";
import { functionCode } from "#infra/function-bundles.ts";
import { heapOnLambda } from "#test/bench/heap-on-lambda.ts";
import type { Listening } from "./aws-of-export.ts";

/** What a step of a large export took, and what it wrote. */
export interface StepUsage {
  result: object;
  /** The most memory of the process, in bytes. It includes Node.js. */
  peakBytes: number;
  cpuSeconds: number;
  /** The sizes of the objects that were written, by key. */
  written: Record<string, number>;
}

/** The steps that read the list of an export's files. */
export type MeasuredStep = "complete-export" | "plan-downloads";

/** Both steps have as much memory. */
export const heapOfSteps: readonly string[] = heapOnLambda(memoryMibOf("Complete export"));

/**
 * Calls the bundle of a step once, in a process of its own, for an export of so many files. Every file of it landed. The AWS is on
 * loopback in another process.
 * @throws Error with what the process wrote if it fails, for instance because its heap is too small
 */
export function measureStep(
  step: MeasuredStep,
  files: number,
  heap: readonly string[] = heapOfSteps,
): Promise<StepUsage> {
  const bundle = pathToFileURL(functionCode(step)).href;
  const input = JSON.stringify(inputs(files)[step]);
  return measureCall(files, heap, [
    `const { handler } = await import(${JSON.stringify(bundle)});`,
    `const call = () => handler(${input}, { getRemainingTimeInMillis: () => 300_000 });`,
  ]);
}

/** Reads a page of the same export's files, as the API does for an export in this state. It has the files from index `from` on. */
export function measureFilePage(
  state: "running" | "completed",
  from: number,
  files: number,
  heap: readonly string[],
): Promise<StepUsage> {
  const [progress, limit] = [JSON.stringify({ exportId: context.exportId, run: context.run, state }), 100];
  return measureCall(files, heap, [
    `import { S3Client } from "@aws-sdk/client-s3";`,
    `import { exportFiles } from "#bulk-export/records/export-files.ts";`,
    `import { exportRecords } from "#bulk-export/records/export-records.ts";`,
    `import { receipts } from "#bulk-export/records/receipts.ts";`,
    `import { landingBucket } from "#platform/bucket/landing-bucket.ts";`,
    `const s3 = new S3Client({ forcePathStyle: true });`,
    `const bucket = landingBucket(s3, "landing");`,
    `const files = exportFiles(s3, "landing", { records: exportRecords(bucket), receipts: receipts(bucket) });`,
    `const call = () => files.page(${progress}, ${from}, ${limit});`,
  ]);
}

/** Runs the lines, which define `call`, and then calls it, in a process of its own and with an AWS for an export of so many files. */
async function measureCall(files: number, heap: readonly string[], lines: readonly string[]): Promise<StepUsage> {
  const aws = fork(new URL("aws-of-export.ts", import.meta.url), [String(files)], {
    execPath: process.execPath,
    execArgv: [],
  });
  try {
    const [{ origin }] = (await once(aws, "message")) as [Listening];
    const usage = await runLines(lines, files, heap, origin);
    return { ...usage, written: (await (await fetch(origin)).json()) as Record<string, number> };
  } finally {
    aws.kill();
  }
}

async function runLines(lines: readonly string[], files: number, heap: readonly string[], origin: string) {
  const script = `
    ${lines.join("\n")}
    const before = process.cpuUsage();
    const result = await call();
    const { user, system } = process.cpuUsage(before);
    const peakBytes = process.resourceUsage().maxRSS * 1024;
    process.stderr.write(JSON.stringify({ result, peakBytes, cpuSeconds: (user + system) / 1e6 }), () => process.exit());
  `;
  const child = spawn(process.execPath, [...heap, "--input-type=module", "--eval", script], {
    env: environmentAt(origin),
    stdio: ["ignore", "ignore", "pipe"],
  });
  const [printed, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  if (code !== 0) throw new Error(`the call failed for ${files} files:\n${printed.slice(-2_000)}`);
  return JSON.parse(printed) as Omit<StepUsage, "written">;
}

/** What the functions read from their environment. */
const environmentAt = (origin: string): NodeJS.ProcessEnv => ({
  AWS_ENDPOINT_URL: origin,
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "bench",
  AWS_SECRET_ACCESS_KEY: "bench",
  POWERTOOLS_LOG_LEVEL: "SILENT",
  LANDING_BUCKET: "landing",
  AUDIT_BUCKET: "audit",
  LEDGER_TABLE: "ledger",
  TOLERATED_MISSING_SHARE: "0",
  INTEGRA_BASE_URL: "https://portal.example",
  CLIENT_SECRET: "client",
  MATCH_REQUEST: "true",
  FILES_PER_ITEM: "25",
  ITEMS_AT_ONCE: "4",
});

const context: ExportContext = {
  exportId: "large-export",
  run: "first",
  requestId: null,
  request: { level: "patient", outputFormat: "application/fhir+ndjson" },
  predecessor: null,
  startedAt: "2026-03-01T11:59:00.000Z",
  deadlineAt: 4_000_000_000,
};
const soon = { waitSeconds: 0, nextAt: 0 };

const inputs = (files: number): { "complete-export": CompleteInput; "plan-downloads": PlanInput } => ({
  "complete-export": {
    export: context,
    lease: { outcome: "ours", ...soon, attempts: 1, following: null },
    poll: { outcome: "ready", ...soon, polls: 1, troubles: 0 },
    plan: { outcome: "planned", ...soon, foreignJobs: 0, files, items: Math.ceil(files / 25), workListKey: "" },
  },
  "plan-downloads": { export: context },
});
