import * as z from "zod";
import { type EventOf, eventHead } from "#platform/bus/event-language.ts";
import { launchFailures } from "./launch-faults.ts";
import { launchKinds, linkId } from "./link.ts";

const linkHead = {
  ...eventHead,
  linkId: linkId.describe("The link. Its caller finds it at GET /links/{id}."),
  launch: z.enum(launchKinds).describe("Whether the person began at the caller's application or in an EHR."),
};

/** A person signed in. The event says neither who, nor which patient was chosen. */
export const userLinked = z.strictObject({
  ...linkHead,
  linkedAt: z.iso.datetime().describe("When the session began."),
});

/** A launch came to an end without a session. An earlier session of the link stays as it is. */
export const userLinkFailed = z.strictObject({
  ...linkHead,
  endedAt: z.iso.datetime().describe("When the launch ended."),
  state: z.enum(["denied", "expired", "failed"]).describe("denied: the person or the server said no."),
  reason: z.enum(launchFailures).nullable().describe("Why the launch failed; null if it was denied or has expired."),
  message: z.string().describe("What happened and what to do, for people."),
});

/** What became of a session's refresh token at the server. */
const revocationResult = z.enum(["revoked", "not-offered", "failed", "nothing-to-revoke"]);

export type RevocationResult = z.infer<typeof revocationResult>;

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
