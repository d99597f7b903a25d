import * as z from "zod";
import { redact } from "#platform/lambda/redaction.ts";

/** What Catch puts into `$.failure`: the fault's name, and the cause as Lambda or Step Functions wrote it. */
export const caughtFailure = z.object({ Error: z.string(), Cause: z.string().optional() });
export type CaughtFailure = z.infer<typeof caughtFailure>;

/** `$.failed`: what the Fail state shows. */
export const explanation = z.strictObject({ error: z.string(), cause: z.string() });
export type Explanation = z.infer<typeof explanation>;

/** A failure as events and answers show it to people. */
export interface ExplainedFailure<Name extends string> {
  name: Name | "Unexpected";
  message: string;
}

const longestMessage = 2_000;

/**
 * A failure by its name and in its own words. A fault of the list `known` keeps its name. Anything else, such as a Lambda
 * function that timed out or a missing permission, is "Unexpected".
 */
export function explainedFailure<Name extends string>(
  { Error: name, Cause }: CaughtFailure,
  known: readonly Name[],
): ExplainedFailure<Name> {
  const message = readable(lambdaMessage(Cause) ?? Cause ?? "");
  const fault = known.find((candidate) => candidate === name);
  return fault === undefined ? { name: "Unexpected", message: `${name}: ${message}` } : { name: fault, message };
}

/** The message of what a function threw. Lambda wraps it in JSON: `{ errorType, errorMessage, trace }`. */
function lambdaMessage(cause: string | undefined): string | undefined {
  if (!cause?.startsWith("{")) return undefined;
  try {
    const { errorMessage } = JSON.parse(cause) as { errorMessage?: unknown };
    return typeof errorMessage === "string" ? errorMessage : undefined;
  } catch {
    return undefined;
  }
}

/** A text without credentials, short enough for an event. */
export function readable(text: string): string {
  const words = redact(text);
  return words.length > longestMessage ? `${words.slice(0, longestMessage)}…` : words;
}
