import type { ApiResponse } from "#on-demand-api/gateway/api-response.ts";
import { type Html, html, policyHash, trustedHtml } from "#platform/html/html.ts";

const style =
  ":root{color-scheme:light}body{font:1.125rem/1.6 system-ui,sans-serif;max-width:36rem;margin:0 auto;padding:1.5rem 1rem;" +
  "color:#1b1b1b;background:#fff;overflow-wrap:anywhere}h1{font-size:1.5rem;line-height:1.3}a{color:#00418c}" +
  "button{font:inherit;font-weight:600;min-height:3rem;padding:.5rem 1.5rem;color:#fff;background:#00418c;border:0;border-radius:.25rem}" +
  "button:focus-visible,a:focus-visible{outline:.2rem solid #00418c;outline-offset:.2rem}code{font-size:.9em}";

/** The only script of all pages: it sends the page's one form, as the button does without script. */
const submitScript = "document.forms[0].submit()";

// A value in a template would be escaped, and the browser's hash would differ.
const styleElement = trustedHtml(`<style>${style}</style>`);
const scriptElement = trustedHtml(`<script>${submitScript}</script>`);

const policy = [
  "default-src 'none'",
  `style-src ${policyHash(style)}`,
  `script-src ${policyHash(submitScript)}`,
  "base-uri 'none'",
  // No form-action: browsers apply it to every redirect behind a form, and a sign-in may redirect to servers that nobody here knows.
];

export interface Page {
  status: number;
  title: string;
  content: Html | readonly Html[];
  /** The page sends its one form at once. */
  submits?: boolean;
  /** Another site may frame the page. Only for a page on which nothing can be done but to leave the frame. */
  framed?: boolean;
}

/** A page for people: stored nowhere, with no script but ours, and readable on a phone and by a screen reader. */
export function pageResponse({ status, title, content, submits = false, framed = false }: Page): ApiResponse {
  const body = html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex"><title>${title}</title>${styleElement}</head>
<body><main><h1>${title}</h1>${content}</main>${submits ? scriptElement : undefined}</body>
</html>
`;
  return {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      ...privacyHeaders,
      "content-security-policy": [...policy, ...(framed ? [] : ["frame-ancestors 'none'"])].join("; "),
    },
    body: Buffer.from(body.toString()),
  };
}

const privacyHeaders = { "referrer-policy": "no-referrer", "x-robots-tag": "noindex" };

/** Sends the browser on by GET. No page that it came from is named. */
export function redirectTo(url: URL, cookies: string[]): ApiResponse {
  return { status: 303, headers: { location: url.href, ...privacyHeaders }, body: Buffer.alloc(0), cookies };
}
