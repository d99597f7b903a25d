/** An answer before it is sent, and before a fault changes it. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Why the request was refused. For people who read the log; it is not sent. */
  readonly reason?: string;
  /** True if the body must be compressed. */
  readonly gzip?: boolean;
}

/** Content type of the answers that are FHIR resources. */
export const FHIR_JSON = "application/fhir+json;charset=UTF-8";

// The page of the guide's "Generate a nonce token > Error Response Payload", with other texts.
const TOMCAT_STYLE =
  "<!--H1 {font-family:Tahoma,Arial,sans-serif;color:white;background-color:#525D76;font-size:22px;} H2 " +
  "{font-family:Tahoma,Arial,sans-serif;color:white;background-color:#525D76;font-size:16px;} H3 " +
  "{font-family:Tahoma,Arial,sans-serif;color:white;background-color:#525D76;font-size:14px;} BODY " +
  "{font-family:Tahoma,Arial,sans-serif;color:black;background-color:white;} B " +
  "{font-family:Tahoma,Arial,sans-serif;color:white;background-color:#525D76;} P " +
  "{font-family:Tahoma,Arial,sans-serif;background:white;color:black;font-size:12px;} " +
  "A {color : black;}A.name {color : black;}HR {color : #525D76;} -->";

/** A reply with a JSON body; the reason is kept for the log. */
export function jsonReply(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
  reason?: string,
): Reply {
  return {
    status,
    headers: { "content-type": "application/json;charset=UTF-8", ...headers },
    body: Buffer.from(JSON.stringify(value)),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** A reply without a body. */
export function emptyReply(status: number, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers, body: Buffer.alloc(0) };
}

/** Tomcat's error page (guide: "Generate a nonce token > Error Response Payload"). */
export function tomcatPage(status: number, message: string, description: string, reason: string): Reply {
  const html =
    `<html> <head> <title>Apache Tomcat/7.0.55 - Error report</title> <style> ${TOMCAT_STYLE} </style> </head> ` +
    `<body> <h1>HTTP Status ${status} - ${message}</h1> <HR size="1" noshade="noshade"> ` +
    `<p>type Status report</p> <p>message <u>${message}</u></p> <p>description <u>${description}</u></p> ` +
    '<HR size="1" noshade="noshade"> <h3>Apache Tomcat/7.0.55</h3> </body> </html>';
  return { status, headers: { "content-type": "text/html;charset=utf-8" }, body: Buffer.from(html), reason };
}

/** The 401 page of all endpoints except the token endpoint. */
export function accessDenied(reason: string): Reply {
  return tomcatPage(401, "Access Denied", "This request requires HTTP authentication.", reason);
}

/** An OperationOutcome in the form of the guide's "Response Code – 400 Bad Request example". */
export function operationOutcome(
  status: number,
  diagnostics: string,
  code = "exception",
  headers: Readonly<Record<string, string>> = {},
): Reply {
  const outcome = outcomeResource("error", code, diagnostics);
  return jsonReply(status, outcome, { "content-type": FHIR_JSON, ...headers }, diagnostics);
}

/** The resource of the guide's sample with the given severity, issue code and diagnostics. */
export function outcomeResource(severity: "error" | "information", code: string, diagnostics: string): object {
  return {
    issue: [{ severity, diagnostics, code }],
    text: {
      div:
        '<div xmlns="http://www.w3.org/1999/xhtml"><h1>Operation Outcome</h1><table border="0"><tr>' +
        `<td style="font-weight: bold;">${severity.toUpperCase()}</td><td>[]</td>` +
        `<td><pre>${diagnostics.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</pre></td></tr></table></div>`,
      status: "generated",
    },
    resourceType: "OperationOutcome",
  };
}

/** The guide's 400 for query parameters, naming each of them. */
export function invalidSearchParameters(names: readonly string[]): Reply {
  return operationOutcome(400, `INVALID_SEARCH_PARAMETER : ${names.map((name) => `${name}, `).join("")}`);
}

/** The guide's 403 for a value outside of the parameter's value set. */
export function outsideValueSet(name: string): Reply {
  return operationOutcome(403, `INVALID_SEARCH_PARAMETER: for key [${name}]`);
}

/** The portal's JSON for answers outside of FHIR, such as the guide's "Bad Request" of a kick-off request. */
export function portalReply(
  status: number,
  message: string,
  { code = String(status), ...more }: { code?: string; bulkActionRequest?: string } = {},
  reason = message,
): Reply {
  return jsonReply(status, { status: status < 400, message, code, responseStatus: status, ...more }, {}, reason);
}

/** The portal's 400 (guide: "Kick-off Request > Error Response Payload"). */
export function badRequest(reason: string): Reply {
  return portalReply(400, "Bad Request", {}, reason);
}

/** The 403 of a file that has expired, was deleted or never existed (guide: "Download the ndjson file"). */
export function attachmentNotFound(reason: string): Reply {
  return portalReply(403, "ATTACHMENT_FILE_NOT_FOUND", {}, reason);
}

/** A Retry-After header with seconds or an HTTP date (RFC 9110 10.2.3); no header if `seconds` is null. */
export function retryAfterHeader(seconds: number | null, format: "seconds" | "http-date"): Record<string, string> {
  if (seconds === null) return {};
  if (format === "seconds") return { "retry-after": String(seconds) };
  // HTTP dates have whole seconds. Rounding up keeps the delay at least as long as `seconds`.
  const time = Math.ceil((Date.now() + seconds * 1000) / 1000) * 1000;
  return { "retry-after": new Date(time).toUTCString() };
}

/** The 403 of a token whose scopes do not cover the type (SMART: "Access FHIR API"). */
export function beyondScopes(type: string): Reply {
  return operationOutcome(403, `The scopes of the access token do not cover ${type}`, "forbidden");
}

/** The 403 of a session that is limited to another patient (SMART: "Patient-specific scopes"). */
export function outsideLaunch(): Reply {
  return operationOutcome(403, "The access token is for another patient", "forbidden");
}
