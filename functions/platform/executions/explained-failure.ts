import * as z from "zod";
import { redact } from "#platform/lambda/redaction.ts";

/** What Catch leaves in `$.failure`: the fault's name, and the cause as Lambda or Step Functions wrote it. */
export const caughtFailure = z.object({ Error: z.string(), Cause: z.string().optional() });
export type CaughtFailure = z.infer<typeof caughtFailure>;

/** `$.failed`: what the Fail state shows. */
export const explanation = z.strictObject({ error: z.string(), cause: z.string() });
export type Explanation = z.infer<typeof explanation>;

/** A failure as people are told of it. */
export interface ExplainedFailure<Name extends string> {
  name: Name | "Unexpected";
  message: string;
}

const longestMessage = 2_000;

/**
 * A failure by its name and in its own words. Faults of `known` keep their name; anything else (a Lambda that timed out, a
 * permission that is missing) is "Unexpected".
 */
export function explainedFailure<Name extends string>(
  { Error: name, Cause }: CaughtFailure,
  known: readonly Name[],
): ExplainedFailure<Name> {
  const message = readable(lambdaMessage(Cause) ?? Cause ?? "");
  const fault = known.find((candidate) => candidate === name);
  return fault === undefined ? { name: "Unexpected", message: `${name}: ${message}` } : { name: fault, message };
}

/** Lambda wraps what a function threw: `{ errorType, errorMessage, trace }`, as text. */
function lambdaMessage(cause: string | undefined): string | undefined {
  if (!cause?.startsWith("{")) return undefined;
  try {
    const { errorMessage } = JSON.parse(cause) as { errorMessage?: unknown };
    return typeof errorMessage === "string" ? errorMessage : undefined;
  } catch {
    return undefined;
  }
}

/** Words without credentials, and of a length that an event can carry. */
export function readable(text: string): string {
  const words = redact(text);
  return words.length > longestMessage ? `${words.slice(0, longestMessage)}…` : words;
}
