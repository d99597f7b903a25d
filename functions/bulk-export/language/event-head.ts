import type { ExportContext } from "./export-state.ts";

/** As much of an export as its events say: all but its id and run may be unknown where it came to nothing early. */
type ToldExport<Request> = Pick<ExportContext, "exportId" | "run" | "requestId" | "predecessor"> & {
  request: Request;
};

/**
 * What every event of an export begins with: which export, which run of it, whose request.
 * @param fact what is told, the same whenever it is told again: `started`, `landed/3`, `completed/r1`
 */
export function exportEvent<Request>(
  { exportId, run, requestId, request, predecessor }: ToldExport<Request>,
  fact: string,
) {
  return { version: "1" as const, eventId: `${exportId}/${fact}`, exportId, run, requestId, request, predecessor };
}
