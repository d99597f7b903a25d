import type * as z from "zod";
import { type ExportJob, exportJob, kickOffMark } from "#bulk-export/language/export-job.ts";
import { type ExportPlan, exportPlan, plannedFile, type StoredPlan } from "#bulk-export/language/export-plan.ts";
import { type ExportRecord, exportRecord } from "#bulk-export/language/export-record.ts";
import type { ExportRun } from "#bulk-export/language/export-runs.ts";
import type { WorkItem } from "#bulk-export/language/export-state.ts";
import {
  type ExportSummary,
  exportSummary,
  type StoredSummary,
  type SummaryHead,
  type WrittenSummary,
} from "#bulk-export/language/export-summary.ts";
import { landedFile } from "#bulk-export/language/landed-file.ts";
import { type StopMarker, stopMarker } from "#bulk-export/language/stop-marker.ts";
import type { LandingBucket } from "#platform/bucket/landing-bucket.ts";
import { EntryLines } from "#platform/bucket/long-record.ts";
import type { Pointer } from "#platform/bus/event-language.ts";
import {
  exportRecordKey,
  jobKey,
  kickOffKey,
  manifestKey,
  planKey,
  stopKey,
  summaryKey,
  workListKey,
} from "./export-keys.ts";
import { exportPrefix } from "./landing-keys.ts";

/** The records of exports in S3. An export's steps share them here, because state must be small and hold no URLs. */
export interface ExportRecords {
  findExport(exportId: string): Promise<ExportRecord | undefined>;
  /** Stores the request of an export. Resumptions and cancellations read it. */
  saveExport(record: ExportRecord): Promise<void>;
  /** Stores the time of a kick-off request before it is sent. Returns the time of the first one, which a repeated step keeps. */
  markKickOff(exportId: string, sentAt: string): Promise<string>;
  findJob(exportId: string): Promise<ExportJob | undefined>;
  /** @throws Error if the export has no job */
  getJob(exportId: string): Promise<ExportJob>;
  /** Stores the job. It replaces a job that belonged to another request. */
  saveJob(job: ExportJob): Promise<void>;
  /** Stores one page of the manifest, byte for byte. */
  saveManifest(exportId: string, page: number, bytes: Uint8Array): Promise<void>;
  /** @throws Error if this page of the manifest was not stored */
  getManifest(exportId: string, page: number): Promise<Uint8Array>;
  savePlan(plan: ExportPlan): Promise<void>;
  hasPlan(exportId: string): Promise<boolean>;
  findPlan(exportId: string): Promise<ExportPlan | undefined>;
  /** @throws Error if the export has no plan */
  getPlan(exportId: string): Promise<ExportPlan>;
  /** Opens the plan, to read it file by file. All files must be read. @throws Error if the export has no plan */
  openPlan(exportId: string): Promise<StoredPlan>;
  /** Writes the work list of the Distributed Map. Returns its key. */
  saveWorkList(exportId: string, items: readonly WorkItem[]): Promise<string>;
  saveSummary(summary: WrittenSummary): Promise<void>;
  hasSummary(exportId: string): Promise<boolean>;
  /** @throws Error if the export has no summary */
  getSummary(exportId: string): Promise<ExportSummary>;
  /** The summary apart from the files that landed. @throws Error if the export has no summary */
  getSummaryHead(exportId: string): Promise<SummaryHead>;
  /** Opens the summary, to read it file by file. All files must be read. @throws Error if the export has no summary */
  openSummary(exportId: string): Promise<StoredSummary>;
  findStop(run: ExportRun): Promise<StopMarker | undefined>;
  /** Marks a run as stopped. The first marker of a run stays, because it holds the real reason. */
  markStopped(run: ExportRun, marker: StopMarker): Promise<void>;
  /** The size in bytes of each object below the export's prefix, by key. */
  landedObjects(exportId: string): Promise<Map<string, number>>;
  /** The places of the export's files, manifest and summary, for consumers. */
  pointers(exportId: string): { destination: Pointer; manifest: Pointer; summary: Pointer };
}

/** The records of exports in the landing bucket. */
export function exportRecords(bucket: LandingBucket): ExportRecords {
  const at = (key: string): Pointer => ({ bucket: bucket.name, key });
  return {
    findExport: (exportId) => bucket.findJson(exportRecordKey(exportId), exportRecord),
    saveExport: async (record) => {
      await bucket.putJson(exportRecordKey(record.exportId), record);
    },
    markKickOff: async (exportId, sentAt) => {
      if (await bucket.putJson(kickOffKey(exportId), { sentAt }, { once: true })) return sentAt;
      return (await bucket.getJson(kickOffKey(exportId), kickOffMark)).sentAt;
    },
    findJob: (exportId) => bucket.findJson(jobKey(exportId), exportJob),
    getJob: (exportId) => bucket.getJson(jobKey(exportId), exportJob),
    saveJob: async (job) => {
      await bucket.putJson(jobKey(job.exportId), job);
    },
    saveManifest: (exportId, page, bytes) => bucket.putBytes(manifestKey(exportId, page), bytes, "application/json"),
    getManifest: (exportId, page) => bucket.getBytes(manifestKey(exportId, page)),
    savePlan: async ({ files, ...head }) => {
      await bucket.putLongRecord(planKey(head.exportId), { head, list: "files", entries: EntryLines.of(files) });
    },
    hasPlan: async (exportId) => (await bucket.find(planKey(exportId))) !== undefined,
    findPlan: (exportId) => bucket.findJson(planKey(exportId), exportPlan),
    getPlan: (exportId) => bucket.getJson(planKey(exportId), exportPlan),
    openPlan: async (exportId) => {
      const { head, entries } = await bucket.openLongRecord(planKey(exportId), "files");
      return { ...exportPlan.parse(head), files: parsed(entries, plannedFile) };
    },
    saveWorkList: async (exportId, items) => {
      await bucket.putJson(workListKey(exportId), items);
      return workListKey(exportId);
    },
    saveSummary: async ({ files, ...head }) => {
      const entries = files instanceof EntryLines ? files : EntryLines.of(files);
      await bucket.putLongRecord(summaryKey(head.exportId), { head, list: "files", entries });
    },
    hasSummary: async (exportId) => (await bucket.find(summaryKey(exportId))) !== undefined,
    getSummary: (exportId) => bucket.getJson(summaryKey(exportId), exportSummary),
    getSummaryHead: (exportId) => bucket.getHead(summaryKey(exportId), "files", exportSummary),
    openSummary: async (exportId) => {
      const { head, entries } = await bucket.openLongRecord(summaryKey(exportId), "files");
      return { ...exportSummary.parse(head), files: parsed(entries, landedFile) };
    },
    findStop: ({ exportId, run }) => bucket.findJson(stopKey(exportId, run), stopMarker),
    markStopped: async ({ exportId, run }, marker) => {
      await bucket.putJson(stopKey(exportId, run), marker, { once: true });
    },
    landedObjects: async (exportId) => {
      const objects = new Map<string, number>();
      for await (const { key, bytes } of bucket.list(exportPrefix(exportId))) objects.set(detached(key), bytes);
      return objects;
    },
    pointers: (exportId) => ({
      destination: at(exportPrefix(exportId)),
      manifest: at(manifestKey(exportId)),
      summary: at(summaryKey(exportId)),
    }),
  };
}

/** Entries of a record, each checked against its schema when it is reached. */
async function* parsed<T>(entries: AsyncIterable<unknown>, schema: z.ZodType<T>): AsyncGenerator<T, void> {
  for await (const entry of entries) yield schema.parse(entry);
}

/** A copy of a key. V8 makes a key of a listing a slice of the answer, and would keep the whole answer for it. */
const detached = (key: string): string => Buffer.from(key).toString();
