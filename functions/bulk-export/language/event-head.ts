import type { ExportContext } from "./export-state.ts";

/** What an export's events say about the export. If it failed early, only its id and run are known. */
type DescribedExport<Request> = Pick<ExportContext, "exportId" | "run" | "requestId" | "predecessor"> & {
  request: Request;
};

/**
 * The members with which every event of an export begins: the export, its run, and its request.
 * @param fact what the event announces, such as `started`, `landed/3` or `completed/r1`. An event that is published again
 * has the same fact, and therefore the same id.
 */
export function exportEventHead<Request>(
  { exportId, run, requestId, request, predecessor }: DescribedExport<Request>,
  fact: string,
) {
  return { version: "1" as const, eventId: `${exportId}/${fact}`, exportId, run, requestId, request, predecessor };
}
