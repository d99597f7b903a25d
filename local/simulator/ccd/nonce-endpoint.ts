import { readPortalRequest } from "#local/simulator/ccd/portal-request.ts";
import { jsonReply, type Reply } from "#local/simulator/http/http-reply.ts";
import type { RequestContext } from "#local/simulator/simulator-state.ts";

/** Guide: "Generate a nonce token". */
export const NONCE_PATH = "/integra/moNonce/generateNonceToken";

/** Issues a nonce for one download (guide: "Generate a nonce token"). */
export function answerNonceRequest(context: RequestContext): Reply {
  const { state } = context;
  const read = readPortalRequest(context, "appVerson");
  if ("reply" in read) return read.reply;
  const nonceToken = state.nonces.issue(read.access, state.settings.nonceLifetimeSeconds);
  state.secrets.userSecrets.push(nonceToken);
  return jsonReply(200, { nonceToken });
}
