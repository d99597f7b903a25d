import { ApiProblem } from "#on-demand-api/language/api-problem.ts";
import type { UserClient } from "#user-session/fhir-page.ts";
import { linkId as linkIdSchema } from "#user-session/language/link-id.ts";
import { serviceSession } from "#user-session/language/service-session.ts";
import type { LinkRecords } from "#user-session/links/link-records.ts";
import type { UserClients } from "#user-session/user-client.ts";

/** The user session under which a call is made. */
export interface CallerSession {
  sessionId: string;
  /** The link that the session belongs to; null for the stage's own session. */
  linkId: string | null;
  client: UserClient;
  /** The id of the only patient that the session serves; null if it is not limited to one. */
  patient: string | null;
}

/**
 * Finds the session of a call.
 * @param linkId the link that the call names; undefined if it names none
 */
export type FindSession = (caller: string, linkId: string | undefined) => Promise<CallerSession>;

export interface FindSessionPorts {
  clients: Pick<UserClients, "service" | "ofLink">;
  links: Pick<LinkRecords, "find">;
  /** Whether a call that names no link is made under the stage's own session (setting `api.serviceSession`). */
  servesWithoutLink: boolean;
}

/**
 * A link belongs to the caller who asked for it. The link of another caller looks like one that does not exist.
 * @throws ApiProblem (400, 404 or 409) if there is no session for the call
 * @throws OriginRefused as `UserClients.ofLink` does
 */
export const findSession =
  ({ clients, links, servesWithoutLink }: FindSessionPorts): FindSession =>
  async (caller, linkId) => {
    if (linkId === undefined) {
      if (servesWithoutLink) return { sessionId: serviceSession, linkId: null, client: clients.service, patient: null };
      throw new ApiProblem("The call names no link", {
        status: 400,
        issue: "invalid",
        detail:
          "Name the link of your user: by the header Integra-Link, or by the member link of a CCD request. POST /links makes one.",
      });
    }
    const stored = linkIdSchema.safeParse(linkId).success ? await links.find(linkId) : undefined;
    if (stored?.record.caller !== caller) {
      const detail = "You have no link with the id that the call names.";
      throw new ApiProblem("There is no such link", { status: 404, issue: "not-found", detail });
    }
    const { linked, removal } = stored.record;
    if (removal !== null) {
      const detail = "You removed this link. Make a new link for its user.";
      throw new ApiProblem("The link was removed", { status: 409, issue: "exception", detail });
    }
    if (linked === null) {
      const detail = `Nobody has signed in for it yet. GET /links/${linkId} says what became of it.`;
      throw new ApiProblem("The link is not linked", { status: 409, issue: "exception", detail });
    }
    return { sessionId: linked.sessionId, linkId, client: clients.ofLink(linked), patient: linked.patient };
  };
