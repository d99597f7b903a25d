import { ServerUnavailable } from "#platform/faults/faults.ts";
import { type Finding, failed, ok } from "#platform/findings/findings.ts";
import type { Http } from "#platform/http/http.ts";

/** An endpoint of the stage's settings, and what it answers to a GET without credentials if all is well. */
export interface ProbedEndpoint {
  url: URL;
  /** Whether this status shows that the endpoint is there. */
  isThere: (status: number) => boolean;
}

/** The probe of an endpoint, as a finding. */
export type ProbeEndpoint = (endpoint: ProbedEndpoint) => Promise<Finding>;

const answerMs = 5_000;
/** Callers may ask as often as the API lets them. The server blocks clients who ask too often, so a finding is used for so long. */
const keptMs = 20_000;

/**
 * Sends GET without credentials, and waits for at most 5 s. In one container it asks each endpoint at most once in 20 s.
 * @param ports.now milliseconds since the epoch
 */
export function endpointProbe({ http, now }: { http: Http; now: () => number }): ProbeEndpoint {
  const known = new Map<string, { at: number; finding: Promise<Finding> }>();
  return async (endpoint) => {
    const { href } = endpoint.url;
    const last = known.get(href);
    if (last !== undefined && now() - last.at < keptMs) return await last.finding;
    const finding = probe(http, endpoint);
    known.set(href, { at: now(), finding });
    return await finding;
  };
}

async function probe(http: Http, { url, isThere }: ProbedEndpoint): Promise<Finding> {
  const action = "check the settings integra of cdk.json, and the server's status";
  const place = `${url.origin}${url.pathname}`;
  try {
    const status = await statusOf(http, url);
    if (isThere(status)) return ok(`${place} answers (${status})`);
    return failed(`${place} answers with ${status}`, action);
  } catch (error) {
    if (!(error instanceof ServerUnavailable)) throw error;
    return failed(`${place} does not answer: ${error.message}`, action);
  }
}

async function statusOf(http: Http, url: URL): Promise<number> {
  const signal = AbortSignal.timeout(answerMs);
  try {
    const { status, body } = await http({ method: "GET", url, headers: {}, signal });
    // The body is not needed, and may be long.
    body.destroy();
    return status;
  } catch (cause) {
    if (!signal.aborted) throw cause;
    throw new ServerUnavailable(`no answer within ${answerMs / 1000} s`, { cause });
  }
}
