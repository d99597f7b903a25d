import type { CcdProtocolSettings } from "#ccd-retrieval/language/ccd-protocol.ts";
import type { ServerStatement } from "./server-statement.ts";

/**
 * Says why an answer to `bulkDownload` means "not ready yet", in the bridge's own words; undefined if it does not mean that.
 * The guide does not describe such an answer: the settings and docs/integra-notes.md hold the assumptions.
 */
export function notReadyReason(
  { status, code, diagnostics, word, isEmpty }: ServerStatement,
  { notReady }: Pick<CcdProtocolSettings, "notReady">,
): string | undefined {
  if (notReady.statuses.includes(status)) return `HTTP ${status}`;
  if (notReady.emptyBody && status === 200 && isEmpty) return "an answer without a body";
  if (code !== undefined && notReady.codes.includes(code)) return `the code ${code}`;
  if (word !== undefined && notReady.states.includes(word)) return `the state "${word}"`;
  const text = diagnostics.toLowerCase();
  const phrase = notReady.phrases.find((candidate) => text.includes(candidate.toLowerCase()));
  if (phrase !== undefined) return `HTTP ${status} and the words "${phrase}"`;
  if (notReady.anyNotFound && status === 404) return "HTTP 404";
  return undefined;
}
