import { type ResumptionInput, resumptionInput } from "./export-request.ts";

/** One execution's part in an export: its first run, or one that resumes it. */
export interface ExportRun {
  exportId: string;
  run: string;
}

/** The name of the execution of a run: the export's id, with a suffix where it resumes the export. */
export const executionName = ({ exportId, run }: ExportRun): string =>
  run === "first" ? exportId : `${exportId}-${run}`;

/** What an execution of the bridge's machine was started with, where it resumes an export; undefined where it does not. */
export function resumptionOf(input: unknown): ResumptionInput | undefined {
  return resumptionInput.safeParse(input).data;
}

/** Whose run an execution is, by its name and the input it was started with. */
export function runOfExecution(name: string, input: unknown): ExportRun {
  return resumptionOf(input)?.resume ?? { exportId: name, run: "first" };
}

/** An event's name for a fact that each run of an export may tell anew: `completed`, `completed/r1`. */
export const factOfRun = (fact: string, run: string): string => (run === "first" ? fact : `${fact}/${run}`);
