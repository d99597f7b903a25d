import * as z from "zod";
import { type EventOf, eventHead } from "#platform/bus/event-language.ts";
import { launchFailures } from "./launch-faults.ts";
import { type LaunchState, type LinkRecord, launchKinds, type RevocationResult, revocationResult } from "./link.ts";
import { linkId } from "./link-id.ts";

const linkHead = {
  ...eventHead,
  linkId: linkId.describe("The link. Its caller finds it at GET /links/{id}."),
  launch: z.enum(launchKinds).describe("Whether the person began at the caller's application or in an EHR."),
};

/** A person signed in. The event says neither who, nor which patient was chosen. */
export const userLinked = z.strictObject({
  ...linkHead,
  linkedAt: z.iso.datetime().describe("When the session began."),
  earlierSession: revocationResult
    .optional()
    .describe(
      "If the link was connected again: what became of its earlier refresh token at the server. The bridge deletes it (not-asked). It does not ask the server to revoke it, because that may revoke the new session as well.",
    ),
});

/** A launch came to an end without a session. An earlier session of the link stays as it is. */
export const userLinkFailed = z.strictObject({
  ...linkHead,
  endedAt: z.iso.datetime().describe("When the launch ended."),
  state: z.enum(["denied", "expired", "failed"]).describe("denied: the person or the server said no."),
  reason: z.enum(launchFailures).nullable().describe("Why the launch failed; null if it was denied or has expired."),
  message: z.string().describe("What happened and what to do, for people."),
});

/** The caller removed the link. The bridge has deleted its tokens. */
export const userLinkRevoked = z.strictObject({
  ...linkHead,
  revokedAt: z.iso.datetime().describe("When the bridge removed the link."),
  atServer: revocationResult.describe(
    "What became of the refresh token at the server: revoked; the server does not offer it; it failed; or there was no session.",
  ),
});

/** Every event of a link, by its `detail-type`. */
export const linkEvents = {
  "User Linked": userLinked,
  "User Link Failed": userLinkFailed,
  "User Link Revoked": userLinkRevoked,
} as const;

export type LinkEvent = EventOf<typeof linkEvents>;

/** The event of the end of a link's newest launch; undefined if the launch is pending. */
export function launchEndEvent(
  record: Pick<LinkRecord, "linkId" | "launch">,
  outcome: LaunchState,
): LinkEvent | undefined {
  const { linkId: id, launch } = record;
  const head = {
    version: "1" as const,
    eventId: `link/${id}/${new Date(launch.createdAt).toISOString()}`,
    linkId: id,
    launch: launch.kind,
  };
  const failed = (
    at: number,
    detail: Pick<z.infer<typeof userLinkFailed>, "state" | "reason" | "message">,
  ): LinkEvent => ({
    type: "User Link Failed",
    detail: { ...head, endedAt: new Date(at).toISOString(), ...detail },
  });
  switch (outcome.state) {
    case "pending":
      return undefined;
    case "linked": {
      const { at, earlierSession } = outcome;
      const linkedAt = new Date(at).toISOString();
      return { type: "User Linked", detail: { ...head, linkedAt, ...(earlierSession && { earlierSession }) } };
    }
    case "expired": {
      const message = "Nobody finished the sign-in in time. Start the link again";
      return failed(launch.login?.until ?? launch.expiresAt, { state: "expired", reason: null, message });
    }
    case "denied": {
      const message = "The person or the server denied the access. Start the link again if the person wants it";
      return failed(outcome.at, { state: "denied", reason: null, message });
    }
    default:
      return failed(outcome.at, { state: "failed", reason: outcome.reason, message: outcome.message });
  }
}

/**
 * The event of the removal of a link.
 * @param at when it was removed, in milliseconds since the epoch
 */
export function removalEvent(
  { linkId: id, launch }: Pick<LinkRecord, "linkId" | "launch">,
  at: number,
  atServer: RevocationResult,
): LinkEvent {
  const head = { version: "1" as const, eventId: `link/${id}/revoked`, linkId: id, launch: launch.kind };
  return { type: "User Link Revoked", detail: { ...head, revokedAt: new Date(at).toISOString(), atServer } };
}
