import type { Requester } from "./export-audit-facts.ts";
import type { ExportOrigin, RequestedExport } from "./export-progress.ts";
import type { ExportRequestDetail } from "./export-request.ts";

/** Who requested an export, as people see it. */
export function originOf(requester: Requester): ExportOrigin {
  switch (requester.kind) {
    case "api":
      return { kind: "api", by: requester.caller };
    case "event":
      return { kind: "event", by: requester.source };
    case "schedule":
      // The name of a schedule has no blank, and the time at which it was due follows it.
      return { kind: "schedule", by: requester.id.split(" ", 1)[0] ?? null };
    case "resumption":
      return { kind: "resumption", by: requester.id };
    default:
      return { kind: "direct", by: null };
  }
}

/** What was requested, as people see it. */
export const requestedExportOf = ({
  level,
  groupId,
  types,
  since,
}: Pick<ExportRequestDetail, "level" | "groupId" | "types" | "since">): RequestedExport => ({
  level,
  groupId: groupId ?? null,
  types: types ?? null,
  since: since ?? null,
});
