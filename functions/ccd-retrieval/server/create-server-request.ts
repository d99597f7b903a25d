import type { CcdProtocolSettings } from "#ccd-retrieval/language/ccd-protocol.ts";
import type { CcdOrder } from "#ccd-retrieval/language/ccd-request.ts";
import type { UserClient } from "#user-session/fhir-page.ts";
import { deviceHeaders, isBusy, postJson, unusableAnswer } from "./ccd-call.ts";
import { formatCcdDate } from "./ccd-date.ts";
import { readStatement, type ServerRefusal, type ServerStatement } from "./server-statement.ts";

/** IntegraConnect's answer to `createBulkExportRequest`. */
export type ServerRequestAnswer =
  | { state: "created"; serverRequestId: string }
  /** Another request of the same user is not finished yet. The answer does not say who made that one. */
  | { state: "pending-elsewhere"; serverRequestId: string | undefined }
  | ({ state: "refused" } & ServerRefusal);

/**
 * Makes a server request for the CCDs of a patient. The server prepares one document for each encounter.
 *
 * Source: guide, "Kick-off Request".
 * @throws ServerUnavailable if the answer cannot be used. The server may have made the request all the same.
 * @throws AccessRefused, and the faults of the session's tokens
 */
export async function createServerRequest(
  client: UserClient,
  settings: CcdProtocolSettings,
  { patientId, startDate, endDate }: CcdOrder,
  signal?: AbortSignal,
): Promise<ServerRequestAnswer> {
  const constraints = {
    ...(startDate === null ? {} : { startDate: formatCcdDate(startDate) }),
    ...(endDate === null ? {} : { endDate: formatCcdDate(endDate) }),
    patientId,
  };
  const body = JSON.stringify({ actionName: settings.actionName, searchCriteria: { constraints } });
  const call = { url: client.server.ccd.requestUrl, headers: deviceHeaders(settings), body };
  const answer = await postJson(client, settings, call, signal);
  const statement = readStatement(answer.status, answer.body, answer.credentials);
  const meaning = isBusy(statement.status) ? undefined : interpret(statement, settings);
  if (meaning === undefined) throw unusableAnswer("the server request for CCDs", statement.status, answer.retryAfterMs);
  return meaning;
}

/**
 * Says what an answer means; undefined if it means nothing that the bridge knows.
 *
 * Source: guide, "Kick-off Request", "Response Payload" and "Error Response Payload".
 */
function interpret(
  { status, code, diagnostics, success, serverRequestId }: ServerStatement,
  settings: Pick<CcdProtocolSettings, "pendingElsewhereCodes">,
): ServerRequestAnswer | undefined {
  if (code !== undefined && settings.pendingElsewhereCodes.includes(code))
    return { state: "pending-elsewhere", serverRequestId };
  if (status >= 200 && status < 300 && success !== false)
    return serverRequestId === undefined ? undefined : { state: "created", serverRequestId };
  if (status < 300 || (status >= 400 && status < 500)) return { state: "refused", status, code, diagnostics };
  return undefined;
}
