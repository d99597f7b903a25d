/**
 * The faults that every wing may throw. Step Functions routes by these names, so each name is an API.
 * `state-machines/README.md` says where each one leads, and a test compares it with the wings' lists.
 *
 * The names are literals and not taken from the classes, because bundlers rename classes.
 */
export const platformFaultNames = [
  "InvalidRequest",
  "AccessRefused",
  "ServerUnavailable",
  "OriginRefused",
  /** No step throws it: a Choice state compares the next attempt with the deadline. */
  "DeadlineExceeded",
  "EventsUndelivered",
] as const;

export type PlatformFaultName = (typeof platformFaultNames)[number];

interface UnavailableOptions extends ErrorOptions {
  /** How long the server wants us to wait (Retry-After), in milliseconds from now. */
  retryAfterMs?: number | undefined;
  /** An answer that explains nothing, such as an empty 500. It may be final, so it gets fewer attempts than a 503 or a cut connection. */
  unexplained?: boolean | undefined;
  /** The server's words. They may repeat the request. */
  diagnostics?: string | undefined;
}

abstract class PlatformFault extends Error {
  abstract override readonly name: PlatformFaultName;
}

/** The caller's request is wrong. The message names everything that is wrong with it. IntegraConnect was not called. */
export class InvalidRequest extends PlatformFault {
  override readonly name = "InvalidRequest";
  readonly faults: readonly string[];

  constructor(faults: readonly string[], options?: ErrorOptions) {
    super(faults.join("; "), options);
    this.faults = faults;
  }
}

/** The server refused our credentials more than once. More attempts could get the client blocked (guide, "Terms of Use"). */
export class AccessRefused extends PlatformFault {
  override readonly name = "AccessRefused";
}

/** The server could not be reached, was busy, or sent an unreadable answer. A later attempt may succeed. */
export class ServerUnavailable extends PlatformFault {
  override readonly name = "ServerUnavailable";
  readonly retryAfterMs: number | undefined;
  readonly unexplained: boolean;
  /** The server's words, without credentials and URL queries. Only the caller may see them, no log may. "" if there are none. */
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

/** EventBridge did not accept an event. */
export class EventsUndelivered extends PlatformFault {
  override readonly name = "EventsUndelivered";
}
