/*
 * What can go wrong on behalf of a user: with the session whose token is used, and with what is read under it.
 */

export const sessionFaultNames = ["SessionSecretUnusable", "SessionDead", "ReadRefused"] as const;

type SessionFaultName = (typeof sessionFaultNames)[number];

abstract class SessionFault extends Error {
  abstract override readonly name: SessionFaultName;
}

/** The session's secret is missing or malformed. The message names what is missing, never a value. */
export class SessionSecretUnusable extends SessionFault {
  override readonly name = "SessionSecretUnusable";
}

/** What the token endpoint refused: the refresh token (or code) itself, or the client that brought it. */
export const sessionRefusals = ["grant-refused", "client-refused"] as const;

export type SessionRefusal = (typeof sessionRefusals)[number];

interface SessionDeadOptions extends ErrorOptions {
  refusal: SessionRefusal;
}

/** The token endpoint refused the session for good: only a person can renew it. The message says how. */
export class SessionDead extends SessionFault {
  override readonly name = "SessionDead";
  readonly refusal: SessionRefusal;

  constructor(message: string, options: SessionDeadOptions) {
    super(message, options);
    this.refusal = options.refusal;
  }
}

/**
 * Why a search or a read was refused: an unknown or malformed parameter (400), a value outside of its value set (403 that
 * says so), something that this user may not see (403), nothing there (404, 410), anything else.
 */
export type ReadRefusal = "invalid-parameter" | "invalid-value" | "forbidden" | "not-found" | "other";

interface ReadRefusedOptions extends ErrorOptions {
  refusal: ReadRefusal;
  status: number;
  diagnostics: string;
}

/**
 * The server refused a search or a read, and asking again would not change that. Its words are for the caller who asked:
 * they may repeat what was asked, so they are in `diagnostics` and never in the message, which is logged.
 */
export class ReadRefused extends SessionFault {
  override readonly name = "ReadRefused";
  readonly refusal: ReadRefusal;
  /** The HTTP status. */
  readonly status: number;
  /** The server's words, without credentials and URL queries; "" where it said nothing. */
  readonly diagnostics: string;

  constructor(message: string, options: ReadRefusedOptions) {
    super(message, options);
    this.refusal = options.refusal;
    this.status = options.status;
    this.diagnostics = options.diagnostics;
  }
}
