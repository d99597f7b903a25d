import { emptyReply, type Reply } from "#local/simulator/http/http-reply.ts";
import type { SimulatorState } from "#local/simulator/simulator-state.ts";
import type { Callback } from "#local/simulator/smart/authorization-request.ts";
import { PRIVATE } from "#local/simulator/smart/page.ts";
import { issuerOf } from "#local/simulator/smart/smart-endpoints.ts";

/** An error of an authorization request (RFC 6749 4.1.2.1). */
export interface CallbackError {
  readonly error: string;
  readonly description: string;
}

/** Sends the browser back to the app with a code or an error, with the state, and with `iss` (RFC 9207). */
export function callbackReply(
  state: SimulatorState,
  { redirectUri, state: clientState }: Callback,
  answer: { readonly code: string } | CallbackError,
): Reply {
  const query = new URLSearchParams();
  if ("code" in answer) {
    query.set("code", answer.code);
  } else {
    query.set("error", answer.error);
    query.set("error_description", answer.description);
  }
  if (clientState !== null) query.set("state", clientState);
  if (state.settings.issuerInCallback) query.set("iss", issuerOf(state));
  const location = `${redirectUri}${redirectUri.includes("?") ? "&" : "?"}${query.toString()}`;
  const reply = emptyReply(303, { location, ...PRIVATE });
  return "code" in answer ? reply : { ...reply, reason: `${answer.error}: ${answer.description}` };
}

/**
 * Opens the callback as previews and scanners of links do: by HEAD and by GET, without the browser's cookies. Returns the
 * statuses for the log.
 */
export async function previewCallback(location: string): Promise<string> {
  const answers: string[] = [];
  for (const method of ["HEAD", "GET"]) {
    try {
      const { status } = await fetch(location, { method, redirect: "manual", signal: AbortSignal.timeout(5000) });
      answers.push(`${method} ${status}`);
    } catch (error) {
      answers.push(`${method} failed: ${String(error)}`);
    }
  }
  return `previewed: ${answers.join(", ")}`;
}
