import type { OperationOutcome } from "fhir/r4.d.ts";

/** An issue of an OperationOutcome, in the server's words. */
export interface OutcomeIssue {
  severity: string;
  text: string;
}

/** The issues of a line of an error file; none if the line is no OperationOutcome. */
export function issuesIn(line: string): OutcomeIssue[] {
  const outcome = outcomeIn(line);
  return (outcome?.issue ?? []).map(({ severity, code, details, diagnostics }) => {
    const texts = [details?.text ?? details?.coding?.[0]?.display, diagnostics].filter((text) => text !== undefined);
    return { severity, text: texts.join(": ") || code };
  });
}

function outcomeIn(line: string): OperationOutcome | undefined {
  try {
    const value = JSON.parse(line) as OperationOutcome | null;
    return value?.resourceType === "OperationOutcome" ? value : undefined;
  } catch {
    // The line is shown as it is.
    return undefined;
  }
}
