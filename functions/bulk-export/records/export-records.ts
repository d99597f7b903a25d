import { type ExportJob, exportJob, kickOffMark } from "#bulk-export/language/export-job.ts";
import { type ExportPlan, exportPlan } from "#bulk-export/language/export-plan.ts";
import { type ExportRecord, exportRecord } from "#bulk-export/language/export-record.ts";
import type { ExportRun } from "#bulk-export/language/export-runs.ts";
import type { WorkItem } from "#bulk-export/language/export-state.ts";
import { type ExportSummary, exportSummary } from "#bulk-export/language/export-summary.ts";
import { type StopMarker, stopMarker } from "#bulk-export/language/stop-marker.ts";
import type { LandingBucket } from "#platform/bucket/landing-bucket.ts";
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
  findPlan(exportId: string): Promise<ExportPlan | undefined>;
  /** @throws Error if the export has no plan */
  getPlan(exportId: string): Promise<ExportPlan>;
  /** Writes the work list of the Distributed Map. Returns its key. */
  saveWorkList(exportId: string, items: readonly WorkItem[]): Promise<string>;
  saveSummary(summary: ExportSummary): Promise<void>;
  findSummary(exportId: string): Promise<ExportSummary | undefined>;
  /** @throws Error if the export has no summary */
  getSummary(exportId: string): Promise<ExportSummary>;
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
    savePlan: async (plan) => {
      await bucket.putJson(planKey(plan.exportId), plan);
    },
    findPlan: (exportId) => bucket.findJson(planKey(exportId), exportPlan),
    getPlan: (exportId) => bucket.getJson(planKey(exportId), exportPlan),
    saveWorkList: async (exportId, items) => {
      await bucket.putJson(workListKey(exportId), items);
      return workListKey(exportId);
    },
    saveSummary: async (summary) => {
      await bucket.putJson(summaryKey(summary.exportId), summary);
    },
    findSummary: (exportId) => bucket.findJson(summaryKey(exportId), exportSummary),
    getSummary: (exportId) => bucket.getJson(summaryKey(exportId), exportSummary),
    findStop: ({ exportId, run }) => bucket.findJson(stopKey(exportId, run), stopMarker),
    markStopped: async ({ exportId, run }, marker) => {
      await bucket.putJson(stopKey(exportId, run), marker, { once: true });
    },
    landedObjects: async (exportId) => {
      const objects = new Map<string, number>();
      for await (const { key, bytes } of bucket.list(exportPrefix(exportId))) objects.set(key, bytes);
      return objects;
    },
    pointers: (exportId) => ({
      destination: at(exportPrefix(exportId)),
      manifest: at(manifestKey(exportId)),
      summary: at(summaryKey(exportId)),
    }),
  };
}
