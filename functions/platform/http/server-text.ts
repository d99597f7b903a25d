import type { OperationOutcomeIssue } from "fhir/r4.d.ts";
import { redactForeign } from "#platform/lambda/redaction.ts";
import { cutText } from "./reading/header-text.ts";
import { readJsonObject } from "./reading/json.ts";

const longestText = 600;
const mostCodes = 5;

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
type Issue = Partial<Pick<OperationOutcomeIssue, "severity" | "code" | "diagnostics" | "details">>;

/** What a server said about a refusal or a failure, and what it means for asking again. */
export interface ServerText {
  /**
   * Words for people, where the server spoke to its client: an OperationOutcome's diagnostics, OAuth's description.
   * Without tokens and URL queries, at most 600 characters; "" where there are none. They may name a patient.
   */
  text: string;
  /**
   * All that was said, a page's heading and the guide's `message` included: to judge the answer by, and for whoever asked.
   * It may name a patient or repeat what was asked, and belongs into no log, event or error. Cleaned like `text`.
   */
  said: string;
  /** Codes only, such as `processing` or `ATTACHMENT_FILE_NOT_FOUND`: they name nobody. */
  codes: string[];
  /** Whether the body is an OperationOutcome at all, and whether each of its issues is of a transient type. */
  outcome: "transient" | "terminal" | "none";
  /**
   * The worst that an OperationOutcome says: that something failed for good (an issue of severity error or fatal that is of no
   * transient type), that it failed for now, or neither (warnings, information). Absent if the body is none.
   */
  failure?: "lasting" | "passing" | "none";
  /** OAuth's `error` code, where the body has one (RFC 6749, 5.2). */
  oauthError: string | undefined;
}

/** FHIR's issue types (`lock-error`) and OAuth's errors (`invalid_client`). */
const codePattern = /^[a-z]{2,24}(?:[-_][a-z]{2,24}){0,5}$/;
/** The guide's codes: `ATTACHMENT_FILE_NOT_FOUND`. A single word in capitals may be a name. */
const constantPattern = /^[A-Z]{2,24}(?:_[A-Z0-9]{2,24}){1,7}$/;

/**
 * Reads the body of an error answer: an OperationOutcome, OAuth's error object (RFC 6749, 5.2) or the guide's. Of anything
 * else, such as a page of a proxy's, nothing is repeated.
 * @param credentials what the request carried, which the answer may quote
 */
export function readServerText(body: Buffer, credentials: readonly string[] = []): ServerText {
  const json = readJsonObject(body);
  if (json?.["resourceType"] === "OperationOutcome") return readOutcome(json, credentials);
  const { error, error_description: description, message, code } = json ?? {};
  const oauthError = matching(codePattern, error);
  const words = oauthError.length === 0 ? [] : [...oauthError, description].filter((word) => typeof word === "string");
  const all = [error, description, message, code].filter((word) => typeof word === "string");
  return {
    text: tidy(words.join(": "), credentials),
    said: tidy(json === undefined ? withoutMarkup(body.toString("utf8").trim()) : all.join(": "), credentials),
    codes: [...oauthError, ...matching(constantPattern, message, code)],
    outcome: "none",
    oauthError: oauthError[0],
  };
}

function readOutcome(json: Record<string, unknown>, credentials: readonly string[]): ServerText {
  // Some servers send one issue as an object instead of a list.
  const issues = [json["issue"] ?? []].flat() as (Issue | null)[];
  const words = issues
    .map((issue) => issue?.diagnostics ?? issue?.details?.text ?? issue?.code)
    .filter((word) => typeof word === "string");
  const codes = matching(codePattern, ...issues.map((issue) => issue?.code));
  const transient = issues.length > 0 && issues.every((issue) => transientCodes.has(String(issue?.code)));
  const text = tidy(words.join("; "), credentials);
  return {
    text,
    said: text,
    codes: [...new Set(codes)].slice(0, mostCodes),
    outcome: transient ? "transient" : "terminal",
    failure: failureOf(issues),
    oauthError: undefined,
  };
}

function failureOf(issues: readonly (Issue | null)[]): "lasting" | "passing" | "none" {
  const failures = issues.filter((issue) => /^\s*(?:error|fatal)\s*$/i.test(String(issue?.severity)));
  if (failures.length === 0) return "none";
  const passing = failures.every((issue) => transientCodes.has(String(issue?.code).trim().toLowerCase()));
  return passing ? "passing" : "lasting";
}

const matching = (pattern: RegExp, ...values: unknown[]): string[] =>
  values.filter((value) => typeof value === "string").filter((value) => pattern.test(value));

function withoutMarkup(raw: string): string {
  const heading = /<h1[^>]*>([\s\S]*?)<\/h1>/i.exec(raw)?.[1] ?? /<title[^>]*>([\s\S]*?)<\/title>/i.exec(raw)?.[1];
  return (heading ?? raw).replace(/<[^>]*>/g, " ");
}

function tidy(text: string, credentials: readonly string[]): string {
  return cutText(redactForeign(text.replace(/\s+/g, " ").trim(), credentials), longestText);
}
