import {
  type ExportJob,
  type ExportPlan,
  type ExportRecord,
  type ExportSummary,
  exportJob,
  exportPlan,
  exportRecord,
  exportSummary,
  type StopMarker,
  stopMarker,
} from "#bulk-export/language/export-records.ts";
import type { ExportRun } from "#bulk-export/language/export-runs.ts";
import type { WorkItem } from "#bulk-export/language/export-state.ts";
import type { LandingBucket } from "#platform/bucket/landing-bucket.ts";
import type { Pointer } from "#platform/bus/event-language.ts";
import {
  exportPrefix,
  exportRecordKey,
  jobKey,
  manifestKey,
  planKey,
  stopKey,
  summaryKey,
  workListKey,
} from "./export-keys.ts";

/** Everything that an export's steps tell each other through S3, because state must stay small and free of URLs. */
export interface ExportRecords {
  findExport(exportId: string): Promise<ExportRecord | undefined>;
  /** Keeps what is carried out under this id, for whatever resumes or cancels it. */
  saveExport(record: ExportRecord): Promise<void>;
  findJob(exportId: string): Promise<ExportJob | undefined>;
  /** @throws Error where the export has no job */
  getJob(exportId: string): Promise<ExportJob>;
  /** Keeps the job, in place of one that was another request's. */
  saveJob(job: ExportJob): Promise<void>;
  /** Keeps one page of the manifest, byte for byte. */
  saveManifest(exportId: string, page: number, bytes: Uint8Array): Promise<void>;
  getManifest(exportId: string, page: number): Promise<Uint8Array>;
  savePlan(plan: ExportPlan): Promise<void>;
  findPlan(exportId: string): Promise<ExportPlan | undefined>;
  getPlan(exportId: string): Promise<ExportPlan>;
  /** Writes the Distributed Map's work list and answers its key. */
  saveWorkList(exportId: string, items: readonly WorkItem[]): Promise<string>;
  saveSummary(summary: ExportSummary): Promise<void>;
  findSummary(exportId: string): Promise<ExportSummary | undefined>;
  getSummary(exportId: string): Promise<ExportSummary>;
  findStop(run: ExportRun): Promise<StopMarker | undefined>;
  /** The first marker of a run stays: it says why the run really stopped. */
  markStopped(run: ExportRun, marker: StopMarker): Promise<void>;
  /** Keys and sizes of all that landed. */
  landedObjects(exportId: string): Promise<Map<string, number>>;
  /** Where consumers find the export. */
  pointers(exportId: string): { destination: Pointer; manifest: Pointer; summary: Pointer };
}

export function exportRecords(bucket: LandingBucket): ExportRecords {
  const at = (key: string): Pointer => ({ bucket: bucket.name, key });
  return {
    findExport: (exportId) => bucket.findJson(exportRecordKey(exportId), exportRecord),
    saveExport: async (record) => {
      await bucket.putJson(exportRecordKey(record.exportId), record);
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
