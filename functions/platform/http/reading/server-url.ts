import type { ReportWarning } from "./reading-warnings.ts";

/*
 * URLs that the server names: status, next page, redirect, output file. They may be relative, to where the answer came from
 * (RFC 3986, 5.1.3; RFC 9110, 10.2.2), and hold characters that no URL may hold and that a strict server refuses (Tomcat
 * answers 400). Whether a URL may be asked is decided by its origin (`trusted-origins.ts`), not here.
 */

/** What the URL parser leaves raw in a path or query, though RFC 3986 allows it in neither; and a percent sign that encodes nothing. */
const rawCharacters = /[|^"<>{}`\\[\]]|%(?![0-9a-f]{2})/gi;

/**
 * A URL from a header, such as `Location` or `Content-Location`. Blanks around it do not count, one inside is encoded.
 *
 * Raw `|`, `{`, `^`, `"` and their like are encoded, and so is a raw `+` in the query, because the guide wants it encoded:
 * `a|b+c` becomes `a%7Cb%2Bc`. What is encoded already stays as it is.
 *
 * Source: guide, "Download the ndjson file", note on encoding; RFC 3986, 2.
 * @param base where the answer came from
 * @returns undefined if it is unsaid, or no URL (reported)
 */
export function urlFromHeader(header: string | string[] | undefined, base: URL, warn?: ReportWarning): URL | undefined {
  return readUrl(Array.isArray(header) ? header[0] : header, base, warn);
}

/**
 * A URL from a JSON body, such as a manifest's output file or a Bundle's next page. As `urlFromHeader`, but white space counts
 * nowhere: the guide's sample has blanks and raw line breaks in front of its URLs and inside.
 *
 * Source: guide, "Sample response body for Complete status".
 */
export function urlFromBody(member: unknown, base: URL, warn?: ReportWarning): URL | undefined {
  return readUrl(typeof member === "string" ? member.replace(/\s+/g, "") : member, base, warn);
}

function readUrl(value: unknown, base: URL, warn: ReportWarning | undefined): URL | undefined {
  if (value === undefined || value === null) return undefined;
  const reference = typeof value === "string" ? value.trim() : "";
  const url = reference === "" ? null : URL.parse(reference, base.href);
  if (url === null) {
    warn?.("URL_UNREADABLE");
    return undefined;
  }
  url.pathname = url.pathname.replace(rawCharacters, encodeURIComponent);
  url.search = url.search.replace(rawCharacters, encodeURIComponent).replaceAll("+", "%2B");
  return url;
}
