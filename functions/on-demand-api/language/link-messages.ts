import * as z from "zod";
import { launchFailures } from "#user-session/language/launch-faults.ts";
import { launchKinds, revocationResult } from "#user-session/language/link.ts";
import { userLinkRevoked } from "#user-session/language/link-events.ts";
import { linkId } from "#user-session/language/link-id.ts";
import { sessionRefusals } from "#user-session/language/session-faults.ts";
import { launchScopes } from "#user-session/language/smart-settings.ts";

/** The body of a POST to /links. */
export const linkBody = z.strictObject({
  launch: z.literal("standalone").describe("The person begins at your application."),
  reference: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe("Your own id of the user. The bridge only repeats it to you. Use no name and no number of a patient."),
  returnUrl: z
    .url()
    .optional()
    .describe(
      "The page that the browser opens at the end: one of the setting `smart.returnUrls`, character by character.",
    ),
  scopes: launchScopes.optional().describe("Some of the setting `smart.scopes`. If absent, all of them."),
  reconnect: linkId
    .optional()
    .describe("One of your links, whose user signs in once more. The link keeps its id, its user and its reference."),
});

export type LinkBody = z.infer<typeof linkBody>;

/** A link as its caller sees it. The ids are the names of the schemas in the API's description. */
export const linkView = z
  .strictObject({
    id: linkId,
    state: z
      .enum(["pending", "linked", "denied", "expired", "failed", "ended", "revoked"])
      .describe(
        "pending: the newest launch is not finished. linked: the link can be used. ended: the server ended the session; message says what to do. revoked: you removed the link.",
      ),
    reason: z
      .enum([...launchFailures, ...sessionRefusals, "revocation-failed"])
      .nullable()
      .describe("Why the launch failed, the session ended or the revocation failed; null otherwise."),
    message: z.string().nullable().describe("The reason and what to do, for people."),
    launch: z.enum(launchKinds),
    reference: z.string().nullable(),
    patient: z
      .string()
      .nullable()
      .describe("The id of the one patient that the link serves. Null if it is not limited to one."),
    scope: z.string().nullable().describe("The scopes that were granted, if the server named them."),
    createdAt: z.iso.datetime(),
    linkedAt: z.iso.datetime().nullable(),
    expiresAt: z.iso.datetime().describe("Until when the newest launch can begin."),
    atServer: revocationResult
      .nullable()
      .describe("What became of the refresh token at the server if you removed the link; null otherwise."),
    earlierSession: revocationResult
      .nullable()
      .describe(
        "What became of the earlier refresh token at the server if the link was connected again; null otherwise. The bridge deletes it (not-asked). It does not ask the server to revoke it, because that may revoke the new session as well.",
      ),
  })
  .meta({ id: "Link" });

export type LinkView = z.infer<typeof linkView>;

/** The answer to a POST to /links. */
export const createdLink = linkView
  .extend({
    url: z
      .url()
      .describe(
        "The link's page. Open it in your user's browser. It begins one sign-in. Anyone who has it can sign in, so keep it secret.",
      ),
  })
  .meta({ id: "CreatedLink" });

/** A page of the caller's links. */
export const linkPage = z
  .strictObject({
    links: z.array(linkView),
    next: z.url().optional().describe("GET this URL for the links that follow. Absent on the last page."),
  })
  .meta({ id: "LinkPage" });

/** The answer to a DELETE of a link. */
export const removedLink = z
  .strictObject({ id: linkId, atServer: userLinkRevoked.shape.atServer })
  .meta({ id: "RemovedLink" });
