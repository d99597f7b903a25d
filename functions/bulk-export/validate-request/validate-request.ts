import type { Requester } from "#bulk-export/language/export-audit.ts";
import {
  type ExportRequest,
  exportRequestDetail,
  type TriggeredInput,
  triggeredInput,
} from "#bulk-export/language/export-request.ts";
import { type ExportRun, resumptionOf, runOfExecution } from "#bulk-export/language/export-runs.ts";
import {
  type ExportContext,
  exportId as exportIdSchema,
  type UnvalidatedExport,
} from "#bulk-export/language/export-state.ts";
import type { ExportAudit } from "#bulk-export/records/export-audit.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import { InvalidRequest } from "#platform/faults/faults.ts";
import { type AcceptedExports, normalised, settingsFaults, wellFormedFields } from "./accepted-exports.ts";
import { schemaFaults } from "./schema-faults.ts";

export interface ValidateRequestPorts extends AcceptedExports {
  /** How long an execution may take from its start. */
  deadlineHours: number;
  records: Pick<ExportRecords, "findExport" | "saveExport">;
  audit: ExportAudit;
}

/**
 * Checks a request against the contract and the stage's settings, before anything is sent to IntegraConnect, and brings
 * it into its normal form. A resumption takes up the request that its export had.
 * @throws InvalidRequest naming every fault at once
 */
export const validateRequest =
  (ports: ValidateRequestPorts) =>
  async ({ executionName, startedAt, input }: UnvalidatedExport): Promise<ExportContext> => {
    const run = runOfExecution(executionName, input);
    const what = await (run.run === "first" ? asRequested(ports, input) : asResumed(ports, run, input));
    const faults = [...what.faults, ...nameFaults(run)];
    const { request } = what;
    const accepted = faults.length === 0 && request !== undefined;
    await ports.audit.append(run, "requested", {
      by: what.by,
      request: accepted ? request : null,
      faults,
      predecessor: what.predecessor,
    });
    if (!accepted) throw new InvalidRequest(faults);
    const { exportId } = run;
    const record = { exportId, requestId: what.requestId, request, predecessor: what.predecessor };
    if (run.run === "first") await ports.records.saveExport(record);
    const started = new Date(startedAt);
    return {
      ...record,
      run: run.run,
      startedAt: started.toISOString(),
      deadlineAt: Math.floor(started.getTime() / 1000) + Math.round(ports.deadlineHours * 3600),
    };
  };

/** What an execution is to do, and all that speaks against it. */
interface Wanted {
  by: Requester;
  /** Undefined only where there are faults. */
  request: ExportRequest | undefined;
  requestId: string | null;
  predecessor: string | null;
  faults: string[];
}

async function asRequested(ports: ValidateRequestPorts, input: unknown): Promise<Wanted> {
  const triggered = triggeredInput.safeParse(input).data;
  const detail: unknown = triggered === undefined ? input : triggered.detail;
  const parsed = exportRequestDetail.safeParse(detail);
  const faults = [
    ...conflictFaults(triggered),
    ...(parsed.success ? [] : schemaFaults(parsed.error)),
    ...settingsFaults(wellFormedFields(detail), ports),
  ];
  const usable = parsed.success && faults.length === 0;
  return {
    by: triggered?.trigger ?? { kind: "direct" },
    request: usable ? await normalised(parsed.data, ports, fullEvery(triggered)) : undefined,
    requestId: parsed.data?.requestId ?? null,
    predecessor: triggered?.predecessor ?? null,
    faults,
  };
}

async function asResumed({ records }: ValidateRequestPorts, { exportId }: ExportRun, input: unknown): Promise<Wanted> {
  const { refusal, trigger } = resumptionOf(input) ?? {};
  const known = exportIdSchema.safeParse(exportId).success ? await records.findExport(exportId) : undefined;
  const faults = refusal === undefined ? [] : [refusal];
  if (known === undefined && refusal === undefined) faults.push(`exportId: there is no export ${printable(exportId)}`);
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
    "the execution's name becomes the export's id: use at most 72 letters, digits, dots, hyphens and underscores",
  ];
}

/** An id from outside is repeated only where it looks like one. */
const printable = (exportId: string): string =>
  exportIdSchema.safeParse(exportId).success ? exportId : "of that id (it is not the form of an export's id)";
