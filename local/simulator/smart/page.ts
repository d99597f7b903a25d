import { createHash } from "node:crypto";
import type { Reply } from "#local/simulator/http/http-reply.ts";

const STYLE =
  "body{font:1rem/1.5 sans-serif;max-width:36rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}" +
  "label{display:block;margin:.75rem 0 .25rem}input[type=text],input[type=password],select{width:100%;padding:.5rem;" +
  "font:inherit;box-sizing:border-box}label input[type=checkbox]{margin-right:.5rem}button{font:inherit;padding:.5rem 1rem;" +
  "margin:1rem .5rem 0 0}fieldset{margin:1rem 0}[role=alert]{border-left:.25rem solid #b00020;padding-left:.75rem}" +
  "iframe{width:100%;height:30rem;border:1px solid #767676}";
const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

/** A page of the portal. */
export interface Page {
  readonly status?: number;
  readonly title: string;
  /** HTML. */
  readonly content: string;
  /** Origins, beside the portal's own, that forms of the page may lead to, even by a redirect. */
  readonly formOrigins?: readonly string[];
  /** Origins, beside the portal's own, of the page's iframes. */
  readonly frameOrigins?: readonly string[];
  /** Why the page refuses something, for the log. */
  readonly reason?: string;
}

/** A page without script, which is not stored and may be framed by the portal itself only. */
export function pageReply({ status = 200, title, content, formOrigins = [], frameOrigins, reason }: Page): Reply {
  const html =
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${text(title)}</title>` +
    `<meta name="viewport" content="width=device-width, initial-scale=1"><style>${STYLE}</style></head>` +
    `<body><main><h1>${text(title)}</h1>${content}</main></body></html>`;
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${STYLE_HASH}'`,
    `form-action ${["'self'", ...new Set(formOrigins)].join(" ")}`,
    ...(frameOrigins === undefined ? [] : [`frame-src ${["'self'", ...new Set(frameOrigins)].join(" ")}`]),
    "frame-ancestors 'self'",
    "base-uri 'none'",
  ];
  const headers = {
    "content-type": "text/html;charset=utf-8",
    "content-security-policy": policy.join("; "),
    "x-content-type-options": "nosniff",
    ...PRIVATE,
  };
  return { status, headers, body: Buffer.from(html), ...(reason === undefined ? {} : { reason }) };
}

/** The headers of pages and redirects of a sign-in. */
export const PRIVATE = { "cache-control": "no-store", pragma: "no-cache", "referrer-policy": "no-referrer" };

/** A page that ends the way without leading anywhere. */
export function refusalPage(message: string, status = 400): Reply {
  const content = `<p role="alert">${text(message)}</p><p>Close this page and begin again in the app.</p>`;
  return pageReply({ status, title: "This sign-in cannot go on", content, reason: message });
}

/** The text with HTML's special characters escaped. */
export function text(value: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return value.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** An option of a select element. */
export function option(value: string, label: string): string {
  return `<option value="${text(value)}">${text(label)}</option>`;
}

/** The origin of a URL as a CSP source; the scheme of URLs that have no origin. */
export function cspSource(url: string): string {
  const { origin, protocol } = new URL(url);
  return origin === "null" ? protocol : origin;
}
