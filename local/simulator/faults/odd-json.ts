import * as z from "zod";
import type { Fault } from "#local/simulator/faults/fault-schema.ts";

type IssueForm = Extract<Fault, { kind: "odd-issue" }>["form"];
type LifetimeForm = Extract<Fault, { kind: "odd-lifetime" }>["form"];

const outcomeSchema = z.looseObject({ issue: z.array(z.looseObject({})).min(1) });
const tokenAnswerSchema = z.looseObject({ expires_in: z.number() });

/** NDJSON of OperationOutcomes, with `issue` in another form than FHIR's list of issues with a severity. */
export function changeIssue(body: Buffer, form: IssueForm): Buffer {
  const lines = body.toString("utf8").trimEnd().split("\n");
  return Buffer.from(lines.map((line) => `${JSON.stringify(withIssue(line, form))}\n`).join(""));
}

function withIssue(line: string, form: IssueForm): object {
  const { issue, ...rest } = outcomeSchema.parse(JSON.parse(line));
  const [first = {}] = issue;
  const { severity: _severity, ...unrated } = first;
  const forms: Readonly<Record<IssueForm, object>> = {
    "single-object": { issue: first },
    absent: {},
    null: { issue: null },
    "empty-list": { issue: [] },
    text: { issue: "1 resource could not be exported" },
    "unknown-severity": { issue: [{ ...first, severity: "serious" }] },
    "no-severity": { issue: [unrated] },
  };
  return { ...rest, ...forms[form] };
}

/** A token answer with `expires_in` in another form than RFC 6749's positive number of seconds (5.1). */
export function changeLifetime(body: Buffer, form: LifetimeForm): Buffer {
  const { expires_in: seconds, ...rest } = tokenAnswerSchema.parse(JSON.parse(body.toString("utf8")));
  const forms: Readonly<Record<LifetimeForm, object>> = {
    null: { expires_in: null },
    zero: { expires_in: 0 },
    text: { expires_in: String(seconds) },
    absent: {},
  };
  return Buffer.from(JSON.stringify({ ...rest, ...forms[form] }));
}
