import * as z from "zod";
import { environment } from "#platform/lambda/environment.ts";
import { ledgerFromEnvironment } from "#platform/ledger/ledger-from-environment.ts";
import { linkRecords } from "#user-session/links/link-records.ts";
import { userClients } from "#user-session/user-client.ts";
import { type FindSession, findSession } from "./caller-session.ts";

const variables = z.object({ SERVICE_SESSION: z.enum(["true", "false"]) });

/** Finds the sessions of calls, from the function's environment. */
export function sessionsFromEnvironment(): FindSession {
  const { SERVICE_SESSION: serves } = environment(variables);
  const { dynamo, table } = ledgerFromEnvironment();
  return findSession({
    clients: userClients(),
    links: linkRecords(dynamo, table),
    servesWithoutLink: serves === "true",
  });
}
