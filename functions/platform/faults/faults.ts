/**
 * The faults that every wing may throw. Step Functions routes by these literal names, so a name is an API:
 * `state-machines/README.md` says where each one leads, and a test holds the wings' lists to it.
 *
 * The names are literals, not class names, because bundlers rename classes.
 */
export const platformFaultNames = [
  "InvalidRequest",
  "AccessRefused",
  "ServerUnavailable",
  "OriginRefused",
  /** No step throws it: a Choice compares the next attempt with the deadline. */
  "DeadlineExceeded",
  "EventsUndelivered",
] as const;

export type PlatformFaultName = (typeof platformFaultNames)[number];

interface UnavailableOptions extends ErrorOptions {
  /** Earliest moment to ask again, as the server's Retry-After gave it: milliseconds from now. */
  retryAfterMs?: number | undefined;
  /** A 500 that says nothing: it may well be final, so it earns fewer attempts than a 503 or a cut socket. */
  unexplained?: boolean | undefined;
  /** The server's words: they may repeat what was asked. */
  diagnostics?: string | undefined;
}

abstract class PlatformFault extends Error {
  abstract override readonly name: PlatformFaultName;
}

/** The caller's request is wrong. Every fault found is named, and IntegraConnect was not called. */
export class InvalidRequest extends PlatformFault {
  override readonly name = "InvalidRequest";
  readonly faults: readonly string[];

  constructor(faults: readonly string[], options?: ErrorOptions) {
    super(faults.join("; "), options);
    this.faults = faults;
  }
}

/** The server refused our credentials more than once. To go on would get the client blocked (guide, "Terms of Use"). */
export class AccessRefused extends PlatformFault {
  override readonly name = "AccessRefused";
}

/** The server could not be reached, was busy, or sent an unreadable answer. A later attempt may succeed. */
export class ServerUnavailable extends PlatformFault {
  override readonly name = "ServerUnavailable";
  readonly retryAfterMs: number | undefined;
  readonly unexplained: boolean;
  /** The server's words, without credentials and URL queries: for the caller, and for no log. "" if there are none. */
  readonly diagnostics: string;

  constructor(message: string, options?: UnavailableOptions) {
    super(message, options);
    this.diagnostics = options?.diagnostics ?? "";
    this.retryAfterMs = options?.retryAfterMs;
    this.unexplained = options?.unexplained ?? false;
  }
}

/** A URL that the server gave leads away from the configured origins. It is not followed, and no token goes there. */
export class OriginRefused extends PlatformFault {
  override readonly name = "OriginRefused";
}

/** EventBridge did not take an event. */
export class EventsUndelivered extends PlatformFault {
  override readonly name = "EventsUndelivered";
}
