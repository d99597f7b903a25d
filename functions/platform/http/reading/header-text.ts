import type { ReportWarning } from "./reading-warnings.ts";

const longestText = 300;

/**
 * A header's value as a text for people, such as X-Progress: on one line, without control characters, cut if it is too long.
 * A header that was sent several times is one text. It may contain anything, so logs and records also redact
 * it (`platform/lambda/redaction.ts`).
 * @param longest the most characters that are kept; the sign that something was cut is one more
 * @returns undefined if the header is absent or blank
 */
export function readHeaderText(
  header: string | string[] | undefined,
  warn?: ReportWarning,
  longest: number = longestText,
): string | undefined {
  const text = (Array.isArray(header) ? header.join(", ") : (header ?? "")).replace(controlsAndBlanks, " ").trim();
  if (text.length > longest) warn?.("TEXT_CUT");
  return text === "" ? undefined : cutText(text, longest);
}

/** C0 and C1 control characters, line and paragraph separators, and what turns the direction of writing. */
const controlsAndBlanks = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069\s]+/gu;

/** A text of at most `longest` characters, and a sign if something was cut off. A pair of surrogates stays whole. */
export function cutText(text: string, longest: number): string {
  if (text.length <= longest) return text;
  return `${text.slice(0, longest).replace(/[\ud800-\udbff]$/, "")}…`;
}
