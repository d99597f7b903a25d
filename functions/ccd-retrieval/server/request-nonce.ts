import * as z from "zod";
import type { CcdProtocolSettings } from "#ccd-retrieval/language/ccd-protocol.ts";
import { readJson } from "#platform/http/reading/json.ts";
import type { UserClient } from "#user-session/fhir-page.ts";
import { deviceHeaders, postJson, unusableAnswer } from "./ccd-call.ts";

const nonceAnswer = z.object({ nonceToken: z.string().min(1) });

/**
 * Requests a nonce. A nonce is good for one download.
 *
 * Source: guide, "Generate a nonce token".
 * @throws ServerUnavailable if the answer holds no nonce
 * @throws AccessRefused, and the faults of the session's tokens
 */
export async function requestNonce(
  client: UserClient,
  settings: CcdProtocolSettings,
  signal?: AbortSignal,
): Promise<string> {
  // The guide spells this header in another way here. The server may read either.
  const headers = { ...deviceHeaders(settings), appVerson: settings.device.appVersion };
  const call = { url: client.server.ccd.nonceUrl, headers, body: "{}" };
  const { status, body, retryAfterMs } = await postJson(client, settings, call, signal);
  const parsed = nonceAnswer.safeParse(readJson(body));
  if (status === 200 && parsed.success) return parsed.data.nonceToken;
  throw unusableAnswer("the request for a nonce", status, retryAfterMs);
}
