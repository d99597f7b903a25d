import * as z from "zod";

/*
 * What a check of a stage finds: for `integra doctor` and `integra smoke`, and for `GET /health`.
 */

/** What a check found, the worst last. */
export const verdicts = ["ok", "warning", "could-not-check", "failed"] as const;

export type Verdict = (typeof verdicts)[number];

export interface Finding {
  verdict: Verdict;
  /** What was seen. */
  seen: string;
  /** What the operator has to do; absent if nothing. */
  action?: string;
}

/** A finding with the name of its check, which its line begins with. */
export interface NamedFinding<Name extends string = string> extends Finding {
  check: Name;
}

export const ok = (seen: string): Finding => ({ verdict: "ok", seen });
export const warning = (seen: string, action: string): Finding => ({ verdict: "warning", seen, action });
export const failed = (seen: string, action: string): Finding => ({ verdict: "failed", seen, action });
export const unchecked = (seen: string, action: string): Finding => ({ verdict: "could-not-check", seen, action });

/** The worst verdict of some findings; `ok` if there are none. */
export function worstOf(findings: readonly Pick<Finding, "verdict">[]): Verdict {
  return verdicts.findLast((verdict) => findings.some((finding) => finding.verdict === verdict)) ?? "ok";
}

/**
 * What an examination of a stage reports as JSON.
 * @param checks the names of its checks
 */
export const examinationFields = <Name extends string>(checks: readonly Name[]) => ({
  stage: z.string(),
  at: z.iso.datetime().describe("When the examination began."),
  verdict: z.enum(verdicts).describe("The worst verdict of all findings."),
  findings: z.array(
    z.strictObject({
      check: z.enum(checks),
      verdict: z.enum(verdicts),
      seen: z.string().describe("What was seen. It has no token, no secret and no patient data."),
      action: z.string().optional().describe("What to do; absent if nothing."),
    }),
  ),
});
