import type { OperationOutcomeIssue } from "fhir/r4.d.ts";
import { redact } from "#contracts/redaction.ts";

const longestText = 600;

/** FHIR's issue-type codes that mean "ask again later": `transient` and its children (FHIR R4, issue-type). */
const transientCodes = new Set([
  "transient",
  "lock-error",
  "no-store",
  "exception",
  "timeout",
  "incomplete",
  "throttled",
]);

/** What is read of an issue: it comes from outside, so any of it may be missing. */
type Issue = Partial<Pick<OperationOutcomeIssue, "code" | "diagnostics" | "details">>;

/** What a server said about a refusal or a failure: words for people, and what it means for asking again. */
export interface ServerText {
  /** Without tokens and URL queries, at most 600 characters; "" where the body says nothing. */
  text: string;
  /** Whether the body is an OperationOutcome at all, and whether each of its issues is of a transient type. */
  outcome: "transient" | "terminal" | "none";
  /** OAuth's `error` code, where the body has one (RFC 6749, 5.2). */
  oauthError: string | undefined;
}

/**
 * Reads the body of an error answer: an OperationOutcome, OAuth's error object, a page of HTML (Tomcat's, or a
 * proxy's) or plain text.
 */
export function readServerText(body: Buffer): ServerText {
  const raw = body.toString("utf8").trim();
  const json = parseObject(raw);
  if (json === undefined) return { text: tidy(withoutMarkup(raw)), outcome: "none", oauthError: undefined };
  if (json["resourceType"] === "OperationOutcome") return readOutcome(json);
  const error = typeof json["error"] === "string" ? json["error"] : undefined;
  const words = [error, json["error_description"], json["message"], json["code"]].filter(
    (word) => typeof word === "string",
  );
  return { text: tidy(words.join(": ")), outcome: "none", oauthError: error };
}

function readOutcome(json: Record<string, unknown>): ServerText {
  const issues = (Array.isArray(json["issue"]) ? json["issue"] : []) as (Issue | null)[];
  const words = issues
    .map((issue) => issue?.diagnostics ?? issue?.details?.text ?? issue?.code)
    .filter((word) => typeof word === "string");
  const transient = issues.length > 0 && issues.every((issue) => transientCodes.has(String(issue?.code)));
  return { text: tidy(words.join("; ")), outcome: transient ? "transient" : "terminal", oauthError: undefined };
}

function parseObject(raw: string): Record<string, unknown> | undefined {
  if (!raw.startsWith("{")) return undefined;
  try {
    return JSON.parse(raw) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function withoutMarkup(raw: string): string {
  const heading = /<h1[^>]*>([\s\S]*?)<\/h1>/i.exec(raw)?.[1] ?? /<title[^>]*>([\s\S]*?)<\/title>/i.exec(raw)?.[1];
  return (heading ?? raw).replace(/<[^>]*>/g, " ");
}

function tidy(text: string): string {
  const line = redact(text.replace(/\s+/g, " ").trim());
  return line.length > longestText ? `${line.slice(0, longestText)}…` : line;
}
