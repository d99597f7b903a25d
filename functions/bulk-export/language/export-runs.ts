import { type ResumptionInput, resumptionInput } from "./export-request.ts";

/** The partition of this wing in the index of open items. */
export const exportWorkflow = "bulk-export";

/** One execution's part in an export: its first run, or a run that resumes it. */
export interface ExportRun {
  exportId: string;
  run: string;
}

/** The input of an execution that resumes an export; undefined for any other input. */
export function resumptionOf(input: unknown): ResumptionInput | undefined {
  return resumptionInput.safeParse(input).data;
}

/** The run that an execution carries out, from its name and its input. */
export function runOfExecution(name: string, input: unknown): ExportRun {
  return resumptionOf(input)?.resume ?? { exportId: name, run: "first" };
}

/** The run that holds a lease. */
export const runOfHolder = ({ exportId, execution }: { exportId: string; execution: string }): ExportRun => ({
  exportId,
  run: execution === exportId ? "first" : execution.slice(exportId.length + 1),
});

/** The fact in an event's id, for facts that occur once in each run of an export: `completed`, `completed/r1`. */
export const factOfRun = (fact: string, run: string): string => (run === "first" ? fact : `${fact}/${run}`);
