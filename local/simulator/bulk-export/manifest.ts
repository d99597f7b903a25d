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

/**
 * JSON text of the manifest (guide: sample of "Complete"; Bulk Data: "Response - Output Manifest").
 * Page numbers begin at 1. Only the first page lists outcome and deleted files. Null if the page does not exist.
 */
export function manifestText(
  job: ExportJob,
  baseUrl: string,
  settings: SimulatorSettings,
  page: number,
): string | null {
  const files = filesOfJob(job, settings);
  const size = settings.manifestPageSize ?? Math.max(files.output.length, 1);
  const pages = Math.max(Math.ceil(files.output.length / size), 1);
  if (!Number.isInteger(page) || page < 1 || page > pages) return null;
  const part = { ...files, output: files.output.slice((page - 1) * size, page * size) };
  const shown: JobFiles = page === 1 ? part : { output: part.output, outcome: [], deleted: [] };
  const manifest = {
    transactionTime: job.transactionTime,
    request: job.request.requestUrl,
    requiresAccessToken: settings.requiresAccessToken,
    ...(settings.manifestStyle === "guide"
      ? guideLists(job, baseUrl, settings, shown)
      : standardLists(job, baseUrl, settings, shown)),
    ...(page < pages
      ? { link: [{ relation: "next", url: `${baseUrl}${EXPORT_PATH}${job.id}?page=${page + 1}` }] }
      : {}),
  };
  const text = JSON.stringify(manifest, null, 2);
  return settings.rawLineBreaks ? text.replaceAll("\\n", "\n") : text;
}

function standardLists(job: ExportJob, baseUrl: string, settings: SimulatorSettings, files: JobFiles): object {
  const entry = (file: ExportFile): object => ({
    type: file.type,
    url: baseUrl + filePath(job, file, settings),
    count: file.lines,
  });
  return {
    output: files.output.map(entry),
    outcome: files.outcome.map(entry),
    deleted: files.deleted.map(entry),
    error: [],
  };
}

/** The guide's sample: URLs begin with a line break, some are broken inside, and those of errors are relative. */
function guideLists(job: ExportJob, baseUrl: string, settings: SimulatorSettings, files: JobFiles): object {
  return {
    output: files.output.map((file, index) => {
      const url = baseUrl + filePath(job, file, settings);
      if (index % 3 === 1) return { type: file.type, url: `\n${url}` };
      return { type: file.type, url: (index % 3 === 0 ? "\n" : " ") + breakInside(url) };
    }),
    error: files.outcome.map((file) => ({
      type: file.type,
      url: `\n/${filePath(job, file, settings).replace(/\.ndjson$/, "\n.ndjson")}`,
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
  return fileOfLines("OperationOutcome", "error_file_1.ndjson", [outcomeResource(severity, code, text)]);
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
