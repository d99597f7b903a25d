import type { ExportJob } from "#local/simulator/bulk-export/export-jobs.ts";
import { EXPORT_PATH } from "#local/simulator/bulk-export/kick-off-endpoint.ts";
import { outcomeResource } from "#local/simulator/http/http-reply.ts";
import type { SimulatorSettings } from "#local/simulator/options.ts";
import type { ExportFile } from "#local/simulator/records/dataset.ts";

/** All files of a job, by the manifest's lists. */
export interface JobFiles {
  readonly output: readonly ExportFile[];
  /** OperationOutcomes: `error` in the guide's manifest, `outcome` in the Bulk Data guide's. */
  readonly outcome: readonly ExportFile[];
  /** Transaction Bundles with DELETE entries; only in the standard manifest of a job with `_since`. */
  readonly deleted: readonly ExportFile[];
}

/** The files of a job under the present settings. */
export function filesOfJob(job: ExportJob, settings: SimulatorSettings): JobFiles {
  const withDeleted = settings.manifestStyle === "standard" && job.request.since !== undefined;
  return {
    output: job.files,
    outcome: settings.errorFile === "none" ? [] : [outcomeFile(settings.errorFile)],
    deleted: withDeleted ? [deletedFile()] : [],
  };
}

/** An entry of a manifest's list. */
export interface ManifestEntry {
  readonly type: string;
  readonly url: string;
  readonly count?: number;
}

/** A manifest before a fault changes it. */
export interface Manifest {
  readonly transactionTime: string;
  readonly request: string;
  readonly requiresAccessToken: boolean;
  readonly output: readonly ManifestEntry[];
  readonly link?: readonly { readonly relation: "next"; readonly url: string }[];
  readonly [list: string]: unknown;
}

/** The request that a manifest answers. */
export interface ManifestRequest {
  /** Ends with "/". */
  readonly baseUrl: string;
  /** From 1. */
  readonly page: number;
  /** True in the folder that the fault see-other leads to: URLs are then relative to it. */
  readonly moved: boolean;
}

/** The name of the file with OperationOutcomes. */
export const ERROR_FILE_NAME = "error_file_1.ndjson";

/** Path of the folder of a job's manifest after the fault see-other, without the job's id. */
export const MOVED_MANIFESTS_PATH = "integra/fhir-export/r4/manifests/";

/** Path of a moved manifest's files, below its folder. */
const MOVED_FILES_PATH = "files/";

/**
 * One page of the manifest (guide: sample of "Complete"; Bulk Data: "Response - Output Manifest"), with the files of its
 * `output`. Only the first page lists outcome and deleted files. Null if the page does not exist.
 */
export function manifestPage(
  job: ExportJob,
  request: ManifestRequest,
  settings: SimulatorSettings,
): { manifest: Manifest; files: readonly ExportFile[] } | null {
  const { page } = request;
  const files = filesOfJob(job, settings);
  const size = settings.manifestPageSize ?? Math.max(files.output.length, 1);
  const pages = Math.max(Math.ceil(files.output.length / size), 1);
  if (!Number.isInteger(page) || page < 1 || page > pages) return null;
  const part = { ...files, output: files.output.slice((page - 1) * size, page * size) };
  const shown: JobFiles = page === 1 ? part : { output: part.output, outcome: [], deleted: [] };
  const pathOf = (file: ExportFile): string => filePath(job, file, settings);
  const manifest = {
    transactionTime: job.transactionTime,
    request: job.request.requestUrl,
    requiresAccessToken: settings.requiresAccessToken,
    ...listsOf(shown, pathOf, request, settings),
    ...(page < pages ? { link: [{ relation: "next" as const, url: pageUrl(job, request, page + 1) }] } : {}),
  };
  return { manifest, files: shown.output };
}

/** The URL of a page of the manifest, as the manifest's links have it. */
function pageUrl(job: ExportJob, { baseUrl, moved }: ManifestRequest, page: number): string {
  return `${moved ? "manifest.json" : `${baseUrl}${EXPORT_PATH}${job.id}`}?page=${page}`;
}

/** The lists of files, as the settings and the place of the manifest have them. */
function listsOf(
  files: JobFiles,
  pathOf: (file: ExportFile) => string,
  { baseUrl, moved }: ManifestRequest,
  { manifestStyle }: SimulatorSettings,
): { readonly output: readonly ManifestEntry[] } {
  if (moved) return standardLists(files, (file) => MOVED_FILES_PATH + pathOf(file));
  if (manifestStyle === "standard") return standardLists(files, (file) => baseUrl + pathOf(file));
  return guideLists(files, pathOf, baseUrl);
}

function standardLists(
  files: JobFiles,
  urlOf: (file: ExportFile) => string,
): Readonly<Record<"output" | "outcome" | "deleted" | "error", readonly ManifestEntry[]>> {
  const entry = (file: ExportFile): ManifestEntry => ({ type: file.type, url: urlOf(file), count: file.lines });
  return {
    output: files.output.map(entry),
    outcome: files.outcome.map(entry),
    deleted: files.deleted.map(entry),
    error: [],
  };
}

/** The guide's sample: URLs begin with a line break, some are broken inside, and those of errors are relative. */
function guideLists(
  files: JobFiles,
  pathOf: (file: ExportFile) => string,
  baseUrl: string,
): Readonly<Record<"output" | "error", readonly ManifestEntry[]>> {
  return {
    output: files.output.map((file, index) => {
      const url = baseUrl + pathOf(file);
      if (index % 3 === 1) return { type: file.type, url: `\n${url}` };
      return { type: file.type, url: (index % 3 === 0 ? "\n" : " ") + breakInside(url) };
    }),
    error: files.outcome.map((file) => ({
      type: file.type,
      url: `\n/${pathOf(file).replace(/\.ndjson$/, "\n.ndjson")}`,
    })),
  };
}

function breakInside(url: string): string {
  const broken = url.replace(/(resource=.)/, "$1\n");
  return broken === url ? url.replace(/\.ndjson$/, "\n.ndjson") : broken;
}

function filePath(job: ExportJob, file: ExportFile, settings: SimulatorSettings): string {
  if (!settings.requiresAccessToken) return `MoBulkDownload/capability/${job.capability}/${file.fileName}`;
  return `MoBulkDownload/downloadNDJSON?objectId=${job.objectId}&resource=${file.type}&fileName=${file.fileName}`;
}

function outcomeFile(severity: "information" | "error"): ExportFile {
  const code = severity === "error" ? "processing" : "informational";
  const text = severity === "error" ? "1 resource could not be exported" : "resources are as of the transaction time";
  return fileOfLines("OperationOutcome", ERROR_FILE_NAME, [outcomeResource(severity, code, text)]);
}

function deletedFile(): ExportFile {
  const entry = ["Observation/23999999901", "Condition/13999999902"].map((url) => ({
    request: { method: "DELETE", url },
  }));
  const bundle = { resourceType: "Bundle", id: "deleted-1", type: "transaction", entry };
  return fileOfLines("Bundle", "deleted_file_1.ndjson", [bundle]);
}

function fileOfLines(type: string, fileName: string, resources: readonly object[]): ExportFile {
  const body = Buffer.from(resources.map((resource) => `${JSON.stringify(resource)}\n`).join(""));
  return { type, fileName, lines: resources.length, body };
}
