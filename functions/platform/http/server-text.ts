import type { OperationOutcomeIssue } from "fhir/r4.d.ts";
import { redactServerText } from "#platform/lambda/redaction.ts";
import { cutText } from "./reading/header-text.ts";
import { readJsonObject } from "./reading/json.ts";

const longestText = 600;
const mostCodes = 5;

/** The issue types that mean "try again later": `transient` and its children (FHIR R4, issue-type). */
const transientCodes = new Set([
  "transient",
  "lock-error",
  "no-store",
  "exception",
  "timeout",
  "incomplete",
  "throttled",
]);

/** What is read of an issue. The server wrote it, so anything may be missing. */
type Issue = Partial<Pick<OperationOutcomeIssue, "severity" | "code" | "diagnostics" | "details">>;

/** The server's words about a refusal or failure, and what they mean for another attempt. */
export interface ServerText {
  /**
   * Words that the server addressed to its client: an OperationOutcome's diagnostics, OAuth's description. Without tokens and
   * URL queries, at most 600 characters; "" if there are none. They may name a patient.
   */
  text: string;
  /**
   * All words of the answer, including the heading of a page and the guide's `message`: to judge the answer, and for the
   * caller. They may name a patient or repeat the request, so they must not enter a log, an event or an error. Cleaned like
   * `text`.
   */
  said: string;
  /** Codes, such as `processing` or `ATTACHMENT_FILE_NOT_FOUND`. A code never names a patient. */
  codes: string[];
  /** `none` if the body is no OperationOutcome; `transient` if all of its issues are of a transient type. */
  outcome: "transient" | "terminal" | "none";
  /**
   * The worst that an OperationOutcome says: that something failed for good (an issue of severity error or fatal that is of no
   * transient type), that it failed for now, or neither (warnings, information). Absent if the body is none.
   */
  failure?: "lasting" | "passing" | "none";
  /** OAuth's `error` code, if the body has one (RFC 6749, 5.2). */
  oauthError: string | undefined;
}

/** FHIR's issue types (`lock-error`) and OAuth's errors (`invalid_client`). */
const codePattern = /^[a-z]{2,24}(?:[-_][a-z]{2,24}){0,5}$/;
/** The guide's codes: `ATTACHMENT_FILE_NOT_FOUND`. A single word in capitals may be a name. */
const constantPattern = /^[A-Z]{2,24}(?:_[A-Z0-9]{2,24}){1,7}$/;

/**
 * Reads the body of an error answer: an OperationOutcome, OAuth's error object (RFC 6749, 5.2) or the guide's. Nothing else,
 * such as the page of a proxy, gets into `text`.
 * @param credentials those that the request carried: the answer may quote them
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
  const transient = issues.length > 0 && issues.every((issue) => transientCodes.has(wordOf(issue?.code)));
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
  const failures = issues.filter((issue) => /^\s*(?:error|fatal)\s*$/i.test(wordOf(issue?.severity)));
  if (failures.length === 0) return "none";
  const passing = failures.every((issue) => transientCodes.has(wordOf(issue?.code).trim().toLowerCase()));
  return passing ? "passing" : "lasting";
}

const matching = (pattern: RegExp, ...values: unknown[]): string[] =>
  values.filter((value) => typeof value === "string").filter((value) => pattern.test(value));

function withoutMarkup(raw: string): string {
  const heading = /<h1[^>]*>([\s\S]*?)<\/h1>/i.exec(raw)?.[1] ?? /<title[^>]*>([\s\S]*?)<\/title>/i.exec(raw)?.[1];
  return (heading ?? raw).replace(/<[^>]*>/g, " ");
}

function tidy(text: string, credentials: readonly string[]): string {
  return cutText(redactServerText(text.replace(/\s+/g, " ").trim(), credentials), longestText);
}

/** A member as a word; "" if it is no text. JSON may hold an object here that no `String()` can convert. */
const wordOf = (value: unknown): string => (typeof value === "string" ? value : "");
