import type { ExportFileView, ExportView } from "#on-demand-api/language/export-messages.ts";
import type { Api } from "./client.ts";

type Level = "patient" | "group" | "system";

export type Export = ExportView;
export type ExportFile = ExportFileView;

/** A page of exports, as GET /exports returns it. */
export interface ExportPage {
  exports: Export[];
  next?: string;
}

/** A page of the files of an export. */
export interface FilePage {
  files: ExportFile[];
  next?: string;
}

/** The first lines of a file. */
export interface Preview {
  lines: string[];
  truncated: boolean;
  /** Why there is no line. */
  message: string | null;
}

/** Whether the export goes on. */
export const isLive = ({ state }: Export): boolean => state === "requested" || state === "running";

/** What a user fills in to start an export. */
export interface ExportWish {
  level: Level;
  groupId: string;
  types: string;
  since: string;
}

/** The body of a POST to /exports. */
export function bodyOf({ level, groupId, types, since }: ExportWish): Record<string, unknown> {
  const names = types.split(/[\s,]+/).filter((name) => name !== "");
  return {
    level,
    ...(level === "group" && { groupId: groupId.trim() }),
    ...(names.length > 0 && { types: names }),
    ...(since !== "" && { since: `${since}T00:00:00Z` }),
  };
}

/** What the list shows: exports of one state or one level, or all. */
export interface ExportFilter {
  state: string;
  level: string;
}

export function listPath(filter: ExportFilter): string {
  const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== ""));
  return query.size === 0 ? "/exports" : `/exports?${query.toString()}`;
}

const pathOf = (exportId: string): string => `/exports/${encodeURIComponent(exportId)}`;

/*
 * Each throws ApiFailure if the API does not serve the call.
 */
export const startExport = (api: Api, wish: ExportWish, key: string): Promise<Export> =>
  api.post("/exports", bodyOf(wish), key);
export const readExport = (api: Api, exportId: string): Promise<Export> => api.json(pathOf(exportId));
export const cancelExport = (api: Api, exportId: string): Promise<Export> => api.post(`${pathOf(exportId)}/cancel`, {});
export const resumeExport = (api: Api, exportId: string): Promise<Export> => api.post(`${pathOf(exportId)}/resume`, {});
export const readPreview = (api: Api, exportId: string, number: number): Promise<Preview> =>
  api.json(`${pathOf(exportId)}/files/${number}/preview`);
export const filesPath = (exportId: string): string => `${pathOf(exportId)}/files`;
