import * as z from "zod";
import { busFromEnvironment } from "#platform/bus/bus-from-environment.ts";
import { environment, jsonVariable } from "#platform/lambda/environment.ts";
import { ledgerFromEnvironment } from "#platform/ledger/ledger-from-environment.ts";
import { linkEvents } from "#user-session/language/link-events.ts";
import { smartSettings } from "#user-session/language/smart-settings.ts";
import { sessionLog } from "../log.ts";
import { userSessionsFromEnvironment } from "../session-store.ts";
import { smartClientFromEnvironment } from "../smart/smart-client.ts";
import { userConnection } from "../user-connection.ts";
import { linkRecords } from "./link-records.ts";
import { revokeSession } from "./revoke-session.ts";

const variables = z.object({ SMART: jsonVariable(smartSettings) });

/** What the functions that serve links have in common, from their environment. */
export function linksFromEnvironment() {
  const { SMART: settings } = environment(variables);
  const { dynamo, table } = ledgerFromEnvironment();
  const connection = userConnection();
  const { now } = connection;
  const readClient = smartClientFromEnvironment();
  const records = linkRecords(dynamo, table);
  const bus = busFromEnvironment(linkEvents);
  const log = sessionLog;
  return {
    settings,
    connection,
    readClient,
    records,
    sessions: userSessionsFromEnvironment(),
    revoke: revokeSession({ ...connection, readClient, log }),
    bus,
    log,
    now,
  };
}
