import type { LinkView } from "#on-demand-api/language/link-messages.ts";
import { type LinkRecord, linkStateOf } from "#user-session/language/link.ts";
import type { SessionEnd } from "#user-session/language/user-session.ts";

/**
 * A link as its caller sees it.
 * @param end the end of the link's session; undefined if the link has none, or if it lives
 * @param now milliseconds since the epoch
 */
export function linkViewOf(record: LinkRecord, end: SessionEnd | undefined, now: number): LinkView {
  const { linkId, launch, reference, linked, removal, createdAt } = record;
  return {
    id: linkId,
    ...stateOf(record, end, now),
    launch: launch.kind,
    reference,
    patient: linked?.patient ?? null,
    scope: linked?.scope ?? null,
    createdAt: new Date(createdAt).toISOString(),
    linkedAt: linked === null ? null : new Date(linked.linkedAt).toISOString(),
    expiresAt: new Date(launch.expiresAt).toISOString(),
    atServer: removal?.atServer ?? null,
    earlierSession: (launch.end?.state === "linked" && launch.end.earlierSession) || null,
  };
}

type State = Pick<LinkView, "state" | "reason" | "message">;

function stateOf(record: LinkRecord, end: SessionEnd | undefined, now: number): State {
  const known = linkStateOf(record, now);
  if (known.state === "failed") return { state: "failed", reason: known.reason, message: known.message };
  if (known.state === "linked" && end !== undefined)
    return { state: "ended", reason: end.refusal, message: end.message };
  if (known.state === "revoked" && record.removal?.atServer === "failed")
    return { state: "revoked", reason: "revocation-failed", message: revocationFailed };
  return { state: known.state, reason: null, message: null };
}

const revocationFailed =
  "The bridge has deleted the tokens of this link, but the server did not confirm that it revoked them. The user can end the access at the portal";
