import type * as z from "zod";
import { CommandFailed } from "../output/command-failed.ts";

/**
 * Reads an answer of the API. Members that its schema does not know are left out: a stage may be newer than this command, and the
 * API only gains members (docs/adr/0020-additive-contracts.md).
 * @param what names the answer in the error
 * @throws CommandFailed if the answer is not what the schema says
 */
export function tolerantParse<Answer>(schema: z.ZodType<Answer>, answer: unknown, what: string): Answer {
  const first = schema.safeParse(answer);
  if (first.success) return first.data;
  const known = structuredClone(answer);
  for (const issue of first.error.issues)
    if (issue.code === "unrecognized_keys") removeMembers(known, issue.path, issue.keys);
  const second = schema.safeParse(known);
  if (second.success) return second.data;
  const faults = second.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`.trim());
  throw new CommandFailed(`${what} cannot be read: ${faults.slice(0, 3).join("; ")}`, {
    action: "update this command to the version of the stage",
  });
}

function removeMembers(root: unknown, path: readonly PropertyKey[], names: readonly string[]): void {
  let place: unknown = root;
  for (const step of path) place = (place as Record<PropertyKey, unknown> | undefined)?.[step];
  if (typeof place !== "object" || place === null) return;
  for (const name of names) Reflect.deleteProperty(place, name);
}
