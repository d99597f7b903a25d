import { requestFaults } from "#bulk-export/language/accepted-requests.ts";
import type { Requester } from "#bulk-export/language/export-audit-facts.ts";
import { exportId as exportIdSchema } from "#bulk-export/language/export-id.ts";
import { originOf, requestedExportOf } from "#bulk-export/language/export-origin.ts";
import {
  type ExportRequest,
  exportRequestDetail,
  type TriggeredInput,
  triggeredInput,
} from "#bulk-export/language/export-request.ts";
import { type ExportRun, resumptionOf, runOfExecution } from "#bulk-export/language/export-runs.ts";
import type { ExportContext, UnvalidatedExport } from "#bulk-export/language/export-state.ts";
import type { ExportAudit } from "#bulk-export/records/export-audit.ts";
import type { ExportProgressRecords } from "#bulk-export/records/export-progress.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import type { OpenRuns } from "#bulk-export/records/open-runs.ts";
import { InvalidRequest } from "#platform/faults/faults.ts";
import { type AcceptedExports, normaliseRequest } from "./normalise-request.ts";

export interface ValidateRequestPorts extends AcceptedExports {
  /** The time that an execution may take, from its start. */
  deadlineHours: number;
  records: Pick<ExportRecords, "findExport" | "saveExport">;
  audit: ExportAudit;
  openRuns: Pick<OpenRuns, "open">;
  progress: Pick<ExportProgressRecords, "beginRun">;
}

/**
 * Checks a request against the contract and the stage's settings, and brings it into its normal form. No request is sent to
 * IntegraConnect. A resumption uses the stored request of its export.
 * @throws InvalidRequest, which names all faults at once
 */
export const validateRequest =
  (ports: ValidateRequestPorts) =>
  async ({ executionName, startedAt, input }: UnvalidatedExport): Promise<ExportContext> => {
    const run = runOfExecution(executionName, input);
    // Whoever starts an execution by hand does not record it.
    await ports.openRuns.open(run);
    const checked = await (run.run === "first" ? readRequest(ports, input) : readResumption(ports, run, input));
    const faults = [...checked.faults, ...nameFaults(run)];
    const { request } = checked;
    const accepted = faults.length === 0 && request !== undefined;
    const started = new Date(startedAt);
    // A resumption that is refused must not hide the run that it came too early for.
    if (accepted || run.run === "first")
      await ports.progress.beginRun(run, {
        trigger: originOf(checked.by),
        request: request === undefined ? null : requestedExportOf(request),
        requestedAt: started.toISOString(),
        startedAt: started.toISOString(),
      });
    await ports.audit.append(run, "requested", {
      by: checked.by,
      request: accepted ? request : null,
      faults,
      predecessor: checked.predecessor,
    });
    if (!accepted) throw new InvalidRequest(faults);
    const { exportId } = run;
    const record = { exportId, requestId: checked.requestId, request, predecessor: checked.predecessor };
    if (run.run === "first") await ports.records.saveExport(record);
    return {
      ...record,
      run: run.run,
      startedAt: started.toISOString(),
      deadlineAt: Math.floor(started.getTime() / 1000) + Math.round(ports.deadlineHours * 3600),
    };
  };

/** The input of an execution after all checks: the request to carry out, or the faults. */
interface CheckedInput {
  by: Requester;
  /** Undefined only if there are faults. */
  request: ExportRequest | undefined;
  requestId: string | null;
  predecessor: string | null;
  faults: string[];
}

async function readRequest(ports: ValidateRequestPorts, input: unknown): Promise<CheckedInput> {
  const triggered = triggeredInput.safeParse(input).data;
  const detail: unknown = triggered === undefined ? input : triggered.detail;
  const parsed = exportRequestDetail.safeParse(detail);
  const faults = [...conflictFaults(triggered), ...requestFaults(detail, ports)];
  const valid = parsed.success && faults.length === 0;
  return {
    by: triggered?.trigger ?? { kind: "direct" },
    request: valid ? await normaliseRequest(parsed.data, ports, fullEvery(triggered)) : undefined,
    requestId: parsed.data?.requestId ?? null,
    predecessor: triggered?.predecessor ?? null,
    faults,
  };
}

async function readResumption(
  { records }: ValidateRequestPorts,
  { exportId }: ExportRun,
  input: unknown,
): Promise<CheckedInput> {
  const { refusal, trigger } = resumptionOf(input) ?? {};
  const known = exportIdSchema.safeParse(exportId).success ? await records.findExport(exportId) : undefined;
  const faults = refusal === undefined ? [] : [refusal];
  if (known === undefined && refusal === undefined) faults.push(`exportId: there is no export ${quotedId(exportId)}`);
  return {
    by: trigger ?? { kind: "direct" },
    request: known?.request,
    requestId: known?.requestId ?? null,
    predecessor: known?.predecessor ?? null,
    faults,
  };
}

function conflictFaults(triggered: TriggeredInput | undefined): string[] {
  const other = triggered?.conflictsWith;
  return other === undefined ? [] : [`requestId: was already used with another detail, by export ${other}`];
}

const fullEvery = (triggered: TriggeredInput | undefined): number | undefined =>
  triggered?.trigger.kind === "schedule" ? triggered.trigger.fullEvery : undefined;

function nameFaults({ exportId, run }: ExportRun): string[] {
  if (run !== "first" || exportIdSchema.safeParse(exportId).success) return [];
  return [
    "the execution's name becomes the export's id: start it with a letter or digit, and use at most 72 letters, digits, dots, hyphens and underscores",
  ];
}

/** An id from the caller, for a message. It is quoted only if it has the form of an id. */
const quotedId = (exportId: string): string =>
  exportIdSchema.safeParse(exportId).success
    ? exportId
    : "with this id, which does not have the form of an export's id";
