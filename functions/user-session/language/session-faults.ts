/*
 * The faults of requests on behalf of a user: those of the session that provides the access token, and those of searches and
 * reads under it.
 */

export const sessionFaultNames = ["SessionSecretUnusable", "SessionDead", "ReadRefused"] as const;

type SessionFaultName = (typeof sessionFaultNames)[number];

abstract class SessionFault extends Error {
  abstract override readonly name: SessionFaultName;
}

/** The session's secret is missing or malformed. The message names the faulty fields, never a value. */
export class SessionSecretUnusable extends SessionFault {
  override readonly name = "SessionSecretUnusable";
}

/** What the token endpoint refused: the refresh token (or authorization code), or the client that sent it. */
export const sessionRefusals = ["grant-refused", "client-refused"] as const;

export type SessionRefusal = (typeof sessionRefusals)[number];

interface SessionDeadOptions extends ErrorOptions {
  refusal: SessionRefusal;
}

/** The session has ended: the token endpoint refused it permanently. Only a person can renew it; the message says how. */
export class SessionDead extends SessionFault {
  override readonly name = "SessionDead";
  readonly refusal: SessionRefusal;

  constructor(message: string, options: SessionDeadOptions) {
    super(message, options);
    this.refusal = options.refusal;
  }
}

/**
 * Why the server refused a search or a read: an unknown or malformed parameter (400), a value outside its value set (a 403
 * that says so), data that this user may not see (any other 403), a missing resource (404, 410), or another reason.
 */
export type ReadRefusal = "invalid-parameter" | "invalid-value" | "forbidden" | "not-found" | "other";

interface ReadRefusedOptions extends ErrorOptions {
  refusal: ReadRefusal;
  status: number;
  diagnostics: string;
}

/**
 * The server refused a search or a read, and a retry would not help. The server's text is for the caller only, because it may
 * repeat the request: it is in `diagnostics`, never in the message, which is logged.
 */
export class ReadRefused extends SessionFault {
  override readonly name = "ReadRefused";
  readonly refusal: ReadRefusal;
  /** The HTTP status. */
  readonly status: number;
  /** The server's text, without credentials and URL queries; "" if it sent none. */
  readonly diagnostics: string;

  constructor(message: string, options: ReadRefusedOptions) {
    super(message, options);
    this.refusal = options.refusal;
    this.status = options.status;
    this.diagnostics = options.diagnostics;
  }
}
