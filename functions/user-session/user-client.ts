import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { busFromEnvironment } from "#platform/bus/bus-from-environment.ts";
import { OriginRefused } from "#platform/faults/faults.ts";
import { isOfOrigin, placeOf } from "#platform/http/trusted-origins.ts";
import { environment } from "#platform/lambda/environment.ts";
import { secretReader } from "#platform/lambda/secret-reader.ts";
import { ledgerFromEnvironment } from "#platform/ledger/ledger-from-environment.ts";
import { SessionDead, SessionSecretUnusable } from "#user-session/language/session-faults.ts";
import type { UserClient } from "./fhir-page.ts";
import { type LinkedPerson } from "./language/link.ts";
import { linkIdOf } from "./language/link-id.ts";
import { serviceSession } from "./language/service-session.ts";
import { sessionEvents } from "./language/session-events.ts";
import { type LinkRecords, linkRecords } from "./links/link-records.ts";
import { linkedSession } from "./links/linked-session.ts";
import { sessionLog } from "./log.ts";
import { countEndedSessionUse, reportSessionEnd } from "./session-end.ts";
import { type SessionRefreshPorts, sessionTokens, type UserSession } from "./session-refresh.ts";
import { userSessionsFromEnvironment } from "./session-store.ts";
import { smartClientFromEnvironment } from "./smart/smart-client.ts";
import { storedSession } from "./stored-session.ts";
import { refreshUserToken } from "./token-endpoint.ts";
import { type UserConnection, userConnection } from "./user-connection.ts";

const sessionVariables = z.object({ SESSION_SECRET: z.string().min(1) });

/** The clients of user sessions. */
export interface UserClients {
  /** The client of the stage's own session. */
  service: UserClient;
  /**
   * The client of a link's session.
   * @throws OriginRefused if the session's token endpoint is on an origin that is not configured any more
   */
  ofLink(linked: Pick<LinkedPerson, "sessionId" | "tokenUrl">): UserClient;
  /**
   * The client of a session by its id.
   * @throws SessionDead if it is the session of a link that was removed or connected again
   */
  ofSession(sessionId: string): Promise<UserClient>;
}

/** The clients of user sessions, from the function's environment: endpoints, connections and access tokens. */
export function userClients(): UserClients {
  const { SESSION_SECRET: secretName } = environment(sessionVariables);
  const { dynamo, table } = ledgerFromEnvironment();
  return clientsOf({
    connection: userConnection(),
    store: userSessionsFromEnvironment(),
    links: linkRecords(dynamo, table),
    service: storedSession(serviceSession, sessionSecret(secretName)),
    readSmartClient: smartClientFromEnvironment(),
    bus: busFromEnvironment(sessionEvents),
  });
}

interface ClientPorts extends Pick<SessionRefreshPorts, "store"> {
  connection: UserConnection;
  links: Pick<LinkRecords, "find">;
  service: UserSession;
  readSmartClient: Parameters<typeof linkedSession>[1];
  bus: Parameters<typeof reportSessionEnd>[0]["bus"];
}

/** The clients of user sessions with these ports. */
export function clientsOf({ connection, store, links, service, readSmartClient, bus }: ClientPorts): UserClients {
  const { server, http, now } = connection;
  const clientOf = (session: UserSession, tokenUrl: URL, countEnd: () => void): UserClient => {
    const ports: SessionRefreshPorts = {
      store,
      refresh: (client, refreshToken) =>
        refreshUserToken({ ...connection, server: { tokenUrl } }, client, refreshToken),
      now,
      sleep,
      onEndedSession: reportSessionEnd({ bus, store, countEndedSessionUse: countEnd, log: sessionLog }),
    };
    return { server, http, token: sessionTokens(ports, session), now };
  };
  const ofLink: UserClients["ofLink"] = (linked) => {
    const tokenUrl = new URL(linked.tokenUrl);
    if (!isOfOrigin(server.signInOrigins, tokenUrl))
      throw new OriginRefused(
        `the token endpoint of this link is on ${placeOf(tokenUrl)}, which is not configured any more (setting smart.authorizationOrigins)`,
      );
    // The end of one person's session is no matter for the operator's alarm.
    return clientOf(linkedSession(linked, readSmartClient), tokenUrl, () => undefined);
  };
  const own = clientOf(service, server.tokenUrl, countEndedSessionUse);
  return {
    service: own,
    ofLink,
    ofSession: async (sessionId) => {
      if (sessionId === service.id) return own;
      const linkId = linkIdOf(sessionId);
      const linked = linkId === undefined ? undefined : (await links.find(linkId))?.record.linked;
      if (linked?.sessionId === sessionId) return ofLink(linked);
      const message =
        "the link was removed or connected again, so its earlier session has ended. Make the request again";
      throw new SessionDead(message, { refusal: "grant-refused" });
    },
  };
}

function sessionSecret(name: string) {
  const read = secretReader(name);
  return async () => {
    const stored = await read();
    if (stored !== undefined) return stored;
    throw new SessionSecretUnusable(
      `the secret ${name} of the user session has no value: store it (npm run session -- add)`,
    );
  };
}
