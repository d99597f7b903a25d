import * as z from "zod";
import { ApiProblem } from "#on-demand-api/language/api-problem.ts";

/** What a caller may be allowed: to request and resume exports, to cancel them, and to read their files. */
const rights = ["ask", "cancel", "read"] as const;
export type ExportRight = (typeof rights)[number];

/** The callers with each right: the setting `api.exports`. */
export const exportCallers = z.strictObject({
  ask: z.array(z.string()),
  cancel: z.array(z.string()),
  read: z.array(z.string()),
});
export type ExportCallers = z.infer<typeof exportCallers>;

/**
 * The rights of a caller.
 * @param caller the ARN of the IAM principal, or the issuer and the subject of the JWT (`gateway/api-caller.ts`)
 */
export const rightsOf = (caller: string, callers: ExportCallers): ReadonlySet<ExportRight> =>
  new Set(rights.filter((right) => callers[right].some((named) => names(named, caller))));

/**
 * Whether an entry of the settings names a caller: by the caller's ARN, by the ARN of the role that the caller has assumed, or by the
 * subject of the token. The ARN of a session lacks the path of its role, and the names of an account's roles are unique (IAM,
 * "Identifiers").
 */
function names(named: string, caller: string): boolean {
  if (named === caller) return true;
  const token = /^https?:\/\/[^#]*#(.*)$/s.exec(caller);
  if (token !== null) return token[1] === named;
  const session = /^arn:([^:]*):sts::(\d*):assumed-role\/([^/]+)/.exec(caller);
  const role = /^arn:([^:]*):iam::(\d*):role\/(?:.*\/)?([^/]+)$/.exec(named);
  if (session === null || role === null) return false;
  return session.slice(1).join() === role.slice(1).join();
}

const denials: Record<ExportRight | "see", string> = {
  ask: "You may not request or resume exports. Ask the operator to name you in the setting api.exports.ask.",
  cancel: "You may not cancel exports. Ask the operator to name you in the setting api.exports.cancel.",
  read: "You may not read the files of exports. Ask the operator to name you in the setting api.exports.read.",
  see: "You may not see exports. Ask the operator to name you in one of the lists of the setting api.exports.",
};

/**
 * @param right `see` is the right of everybody who has any of the others
 * @throws ApiProblem (403) if the caller does not have the right
 */
export function requireRight(own: ReadonlySet<ExportRight>, right: ExportRight | "see"): void {
  if (right === "see" ? own.size > 0 : own.has(right)) return;
  throw new ApiProblem("You may not do this with exports", {
    status: 403,
    issue: "forbidden",
    detail: denials[right],
  });
}
