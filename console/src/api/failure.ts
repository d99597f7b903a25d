/** A call that the API did not serve, in words for people. */
export class ApiFailure extends Error {
  override readonly name = "ApiFailure";
  /** The status; 0 if no answer came. */
  readonly status: number;
  /** What happened and what to do. */
  readonly detail: string;
  /** The id of the call, by which an operator finds it. */
  readonly callId: string | undefined;

  constructor(
    title: string,
    options: { status: number; detail: string; callId?: string | undefined; cause?: unknown },
  ) {
    super(title, { cause: options.cause });
    this.status = options.status;
    this.detail = options.detail;
    this.callId = options.callId;
  }
}

/** Titles of answers that are API Gateway's own, not the bridge's. */
const gatewayTitles: Record<number, string> = {
  401: "You are not signed in",
  403: "You may not do this",
  404: "The API has no such route",
  429: "Too many calls",
};

/** What API Gateway's own answers mean for a user. */
const gatewayDetails: Record<number, string> = {
  401: "Sign in again.",
  403: "The stage's settings do not let you do this.",
  404: "The console and the API are of different versions. Deploy both.",
  429: "The stage limits how many calls it takes. Wait a few seconds.",
};

/** The failure that an answer says: a problem (RFC 9457), an OperationOutcome, or an answer of API Gateway itself. */
export async function failureOf(response: Response): Promise<ApiFailure> {
  const { status } = response;
  const body = await jsonOf(response);
  const callId = textOf(body["requestId"]) ?? response.headers.get("x-request-id") ?? undefined;
  const issue = (Array.isArray(body["issue"]) ? body["issue"][0] : undefined) as Issue | undefined;
  const title = textOf(body["title"]) ?? issue?.details?.text ?? gatewayTitles[status];
  const detail = textOf(body["detail"]) ?? issue?.diagnostics ?? gatewayDetails[status];
  return new ApiFailure(title ?? "The call failed", {
    status,
    detail: detail ?? `The API answered ${status}. Try again. If it stays so, ask your operator.`,
    callId,
  });
}

interface Issue {
  details?: { text?: string };
  diagnostics?: string;
}

async function jsonOf(response: Response): Promise<Record<string, unknown>> {
  const text = await response.text();
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // A proxy's page, or nothing. The status says enough.
    return {};
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

/** The failure of a call, whatever was thrown. */
export function asFailure(error: unknown): ApiFailure {
  if (error instanceof ApiFailure) return error;
  const detail = "The API could not be reached. Check your connection, and try again.";
  return new ApiFailure("No answer came", { status: 0, detail, cause: error });
}
