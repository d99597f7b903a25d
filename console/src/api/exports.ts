import type { Api } from "./client.ts";

type Level = "patient" | "group" | "system";
export type ExportState = "requested" | "running" | "completed" | "partial" | "failed" | "cancelled";

/** An export, as the routes below /exports show it. */
export interface Export {
  exportId: string;
  state: ExportState;
  request: { level: Level; groupId: string | null; types: string[] | null; since: string | null };
  trigger: { kind: "api" | "event" | "schedule"; by: string | null };
  requestedAt: string;
  startedAt: string | null;
  endedAt: string | null;
  run: string;
  phase: string | null;
  message: string;
  waitsFor: { what: "lease" | "server" | "retry"; message: string; until: string | null } | null;
  serverProgress: string | null;
  nextPollAt: string | null;
  progress: {
    filesPlanned: number | null;
    filesLanded: number;
    filesMissing: number;
    lines: number;
    bytes: number;
    bytesPerSecond: number | null;
  };
  linesByType: Record<string, number> | null;
  error: { name: string; message: string; action: string } | null;
  phases: Record<string, number> | null;
  actions: ("cancel" | "resume" | "read-files")[];
}

export interface ExportFile {
  number: number;
  kind: "output" | "error" | "deleted";
  resourceType: string;
  state: "landed" | "missing" | "pending";
  lines: number | null;
  bytes: number | null;
  reason: string | null;
}

export interface ExportPageOf {
  exports: Export[];
  next?: string;
}

export interface FilePage {
  files: ExportFile[];
  next?: string;
}

export interface Preview {
  lines: string[];
  truncated: boolean;
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
