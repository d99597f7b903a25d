import type { ApiResponse } from "#on-demand-api/gateway/api-response.ts";
import { type Html, html } from "#platform/html/html.ts";
import type { LaunchEnd } from "#user-session/language/link.ts";
import type { Callback } from "#user-session/smart/callback.ts";
import { failureWords } from "./fault-pages.ts";
import { pageResponse } from "./page.ts";

/** What people read of scopes. Any other scope is shown as it is. */
const scopeWords: Readonly<Record<string, string>> = {
  openid: "who you are at the portal",
  fhirUser: "your own entry in the portal",
  profile: "your name at the portal",
  offline_access: "access while you are away, until you or the application end it",
  offline: "access while you are away, until you or the application end it",
  "launch/patient": "the one person whose record you choose",
};

const levels: Readonly<Record<string, string>> = {
  patient: "of the person whose record you choose",
  user: "that you may see yourself",
  system: "of the whole portal",
};

/** A scope in plain words (SMART App Launch, "Scopes and Launch Context"). */
export function wordsOf(scope: string): Html {
  const known = scopeWords[scope];
  if (known !== undefined) return html`${known}`;
  const [, level = "", type = "", permission = ""] =
    /^(patient|user|system)\/(\*|\w+)\.(\w+|\*)(?:\?.*)?$/.exec(scope) ?? [];
  if (level === "") return html`<code>${scope}</code>`;
  const verb = /^(read|[rs]+)$/.test(permission) ? "read" : "read and change";
  return html`${verb} ${type === "*" ? "all health data" : type} ${levels[level]} (<code>${scope}</code>)`;
}

/** The page of a link: who asks for access to what. Its form begins the sign-in. */
export function invitationPage(application: string, server: string, scopes: readonly string[]): ApiResponse {
  return pageResponse({
    status: 200,
    title: "Connect your health record",
    content: html`<p><strong>${application}</strong> asks to connect to your health record at <strong>${server}</strong>. It asks for:</p>
<ul>${scopes.map((scope) => html`<li>${wordsOf(scope)}</li>`)}</ul>
<p>If you continue, you sign in at ${server}. There you decide what you allow. Your password stays there.</p>
<p>Do not continue if you do not know ${application}, or if you did not ask to be connected: whoever sent you this link gets the access.</p>
<form method="post"><button type="submit">Continue to sign in</button></form>`,
  });
}

/** The page to which the portal sends the browser back. It sends itself on by POST, because a preview may open it by GET. */
export function callbackPage(callback: Exclude<Callback, { kind: "unusable" }>): ApiResponse {
  const { state, issuer: iss } = callback;
  const fields = { state, iss, ...(callback.kind === "code" ? { code: callback.code } : { error: callback.error }) };
  const inputs = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [html`<input type="hidden" name="${name}" value="${value}">`],
  );
  return pageResponse({
    status: 200,
    title: "Finishing the sign-in",
    content: html`<p>If nothing happens, continue by the button.</p><form method="post" action="callback">${inputs}<button type="submit">Continue</button></form>`,
    submits: true,
  });
}

/** The page that an EHR shows in a frame. In the frame of another site a browser keeps no cookie, so the sign-in could not end. */
export function framePage(launchUrl: string): ApiResponse {
  return pageResponse({
    status: 200,
    title: "Open this application in a window of its own",
    content: html`<p>For your safety it does not run inside another page.</p>
<p><a href="${launchUrl}" target="_blank" rel="noopener">Open it in a window of its own</a></p>`,
    framed: true,
  });
}

/** The page at the end of a launch whose caller named no page of its own. */
export function endPage(end: LaunchEnd): ApiResponse {
  const close = html`<p>You can close this window and go back to the application.</p>`;
  if (end.state === "linked") return pageResponse({ status: 200, title: "You are connected", content: close });
  if (end.state === "denied") {
    const text = "The access was not allowed, so nothing was connected.";
    return pageResponse({ status: 200, title: "You are not connected", content: html`<p>${text}</p>${close}` });
  }
  const text = failureWords[end.reason];
  return pageResponse({
    status: 200,
    title: "The connection failed",
    content: html`<p role="alert">${text}</p>${close}`,
  });
}
