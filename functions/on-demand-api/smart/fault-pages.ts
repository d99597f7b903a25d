import type { ApiResponse } from "#on-demand-api/gateway/api-response.ts";
import { OriginRefused, ServerUnavailable } from "#platform/faults/faults.ts";
import { html } from "#platform/html/html.ts";
import { LaunchFailed, type LaunchFailure } from "#user-session/language/launch-faults.ts";
import { SessionSecretUnusable } from "#user-session/language/session-faults.ts";
import type { UnusableUrl } from "#user-session/links/begin-login.ts";
import type { UnusableCallback } from "#user-session/links/finish-login.ts";
import { type Page, pageResponse } from "./page.ts";

type Words = Pick<Page, "status" | "title"> & { text: string };

const askForNewLink = "Go back to the application that sent you here and ask for a new link.";
const beginAgain = "Go back to the application and begin again.";

const urlWords: Record<UnusableUrl, Words> = {
  unknown: {
    status: 404,
    title: "This link is not valid",
    text: `The address may be incomplete, or the application has replaced it by a newer one. ${askForNewLink}`,
  },
  used: {
    status: 410,
    title: "This link was already used",
    text: `Each link begins one sign-in only. If you have not signed in yet, ${lowerFirst(askForNewLink)}`,
  },
  expired: {
    status: 410,
    title: "This link has expired",
    text: `Nobody used it in time. ${askForNewLink}`,
  },
};

const callbackWords: Record<UnusableCallback, Words> = {
  malformed: {
    status: 400,
    title: "This sign-in cannot be finished",
    text: `The answer of the sign-in is incomplete or contradicts itself. Nothing was changed. ${beginAgain}`,
  },
  unknown: {
    status: 400,
    title: "This sign-in is not known",
    text: `It may have been replaced by a newer one. Nothing was changed. ${beginAgain}`,
  },
  "no-cookie": {
    status: 400,
    title: "This browser did not begin the sign-in",
    text: `The sign-in must end in the browser and the window in which it began. Nothing was changed. If this page is part of another page, or your browser blocks cookies, open it in a window of its own. Otherwise, ${lowerFirst(beginAgain)}`,
  },
  used: {
    status: 409,
    title: "This sign-in has already ended",
    text: `Its answer can be used only once. Look in the application whether you are connected. If not, begin again there.`,
  },
  expired: {
    status: 410,
    title: "This sign-in took too long",
    text: `Nothing was changed. ${beginAgain}`,
  },
  "other-server": {
    status: 400,
    title: "This answer came from another server",
    text: `You did not begin the sign-in there. Nothing was changed. ${beginAgain}`,
  },
};

/** What a person reads of a launch that failed. */
export const failureWords: Record<LaunchFailure, string> = {
  "server-unusable":
    "The sign-in of your health record's portal is not set up as it must be. Tell the application's support.",
  "server-unavailable": "Your health record's portal did not answer. Wait a few minutes, and begin again.",
  "authorization-refused": "Your health record's portal refused the request. Tell the application's support.",
  "client-refused": "Your health record's portal did not accept this service. Tell the application's support.",
  "code-refused": "Your health record's portal did not accept the sign-in. Begin again.",
  "identity-unproven":
    "It could not be proved who signed in. Begin again. If that happens again, tell the application's support.",
  "refresh-token-missing":
    "Your health record's portal did not allow lasting access. Begin again, and allow access while you are away.",
  "patient-unreadable": "It could not be read whose record you chose. Tell the application's support.",
  "scopes-missing":
    "You or the portal did not allow all that is needed. Begin again, and allow everything that the portal lists.",
  "other-person":
    "Another person is connected by this link already. Sign in as that person, or ask the application for a link of your own.",
  interrupted: "The connection was interrupted before it was complete. Begin again.",
};

export const urlFaultPage = (fault: UnusableUrl): ApiResponse => wordsPage(urlWords[fault]);

/** @param callbackUrl the same callback, relative to this page, to be opened in a window of its own; undefined if that cannot help */
export function callbackFaultPage(fault: UnusableCallback, callbackUrl?: string): ApiResponse {
  const { text, ...page } = callbackWords[fault];
  const offer =
    callbackUrl === undefined
      ? undefined
      : html`<p><a href="${callbackUrl}" target="_blank" rel="noopener">Open this page in a window of its own</a></p>`;
  return pageResponse({ ...page, content: html`<p>${text}</p>${offer}` });
}

/** The page of an EHR launch that cannot begin. Nothing was sent to any server. */
export function launchFaultPage(status: 400 | 404, text: string): ApiResponse {
  return wordsPage({ status, title: "This launch cannot begin", text });
}

/** What a browser shows if a call fails. The page repeats no message, which is for operators. */
export function errorPage(error: unknown): ApiResponse {
  if (error instanceof LaunchFailed)
    return wordsPage({ status: 502, title: "The sign-in cannot begin", text: failureWords[error.reason] });
  if (error instanceof ServerUnavailable)
    return wordsPage({ status: 503, title: "The portal does not answer", text: failureWords["server-unavailable"] });
  if (error instanceof SessionSecretUnusable || error instanceof OriginRefused)
    return wordsPage({ status: 503, title: "The sign-in cannot begin", text: failureWords["client-refused"] });
  const text = "This service has a fault. Nothing was lost. Wait a few minutes, and begin again.";
  return wordsPage({ status: 500, title: "Something went wrong", text });
}

function wordsPage({ text, ...page }: Words): ApiResponse {
  return pageResponse({ ...page, content: html`<p role="alert">${text}</p>` });
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
