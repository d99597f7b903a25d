/**
 * The closed list of faults that a step may throw. Step Functions routes by these literal names, so a name is an API:
 * `state-machines/README.md` says where each one leads, and a test holds both lists together.
 *
 * The names are literals, not class names, because bundlers rename classes.
 */
export const faultNames = [
  "InvalidRequest",
  "ClientKeyUnusable",
  "AccessRefused",
  "KickOffRejected",
  "ExportJobFailed",
  "ExportJobGone",
  "ServerUnavailable",
  "OriginRefused",
  "ManifestRejected",
  "DeadlineExceeded",
  "NoFileLanded",
  "TooManyFilesMissing",
  "ExportStopped",
  "EventsUndelivered",
] as const;

export type FaultName = (typeof faultNames)[number];

interface UnavailableOptions extends ErrorOptions {
  /** Earliest moment to ask again, as the server's Retry-After gave it: milliseconds from now. */
  retryAfterMs?: number | undefined;
  /** A 500 that says nothing: it may well be final, so it earns fewer tries than a 503 or a cut socket. */
  unexplained?: boolean | undefined;
  /** The server's words: they may repeat what was asked. */
  diagnostics?: string | undefined;
}

abstract class Fault extends Error {
  abstract override readonly name: FaultName;
}

/** The caller's request is wrong: every fault found is named, and IntegraConnect was not called. */
export class InvalidRequest extends Fault {
  override readonly name = "InvalidRequest";
  readonly faults: readonly string[];

  constructor(faults: readonly string[], options?: ErrorOptions) {
    super(faults.join("; "), options);
    this.faults = faults;
  }
}

/** The client's secret is missing or malformed. The message names what is missing, never a value. */
export class ClientKeyUnusable extends Fault {
  override readonly name = "ClientKeyUnusable";
}

/** The server refused our credentials more than once: asking on would get the client blocked (guide, "Terms of Use"). */
export class AccessRefused extends Fault {
  override readonly name = "AccessRefused";
}

/** The server answered the kick-off with a refusal that asking again will not change. */
export class KickOffRejected extends Fault {
  override readonly name = "KickOffRejected";
}

/** The server says that the export job itself failed. */
export class ExportJobFailed extends Fault {
  override readonly name = "ExportJobFailed";
}

/** The server no longer knows the export job (404 or 410 on its status URL). */
export class ExportJobGone extends Fault {
  override readonly name = "ExportJobGone";
}

/** The server could not be reached, was busy, or answered with something unreadable. Worth asking again, later. */
export class ServerUnavailable extends Fault {
  override readonly name = "ServerUnavailable";
  readonly retryAfterMs: number | undefined;
  readonly unexplained: boolean;
  /** The server's words, without credentials and URL queries: for whoever asked, and for no log. "" where there are none. */
  readonly diagnostics: string;

  constructor(message: string, options?: UnavailableOptions) {
    super(message, options);
    this.diagnostics = options?.diagnostics ?? "";
    this.retryAfterMs = options?.retryAfterMs;
    this.unexplained = options?.unexplained ?? false;
  }
}

/** A URL that the server gave leads away from the configured origins: it is not followed, and no token goes there. */
export class OriginRefused extends Fault {
  override readonly name = "OriginRefused";
}

/** The manifest is not one: it cannot be read, or lacks what a manifest must have. */
export class ManifestRejected extends Fault {
  override readonly name = "ManifestRejected";
}

/** There were files to download, and not one of them landed. */
export class NoFileLanded extends Fault {
  override readonly name = "NoFileLanded";
}

/** More of the manifest's files are missing than the stage's settings tolerate. */
export class TooManyFilesMissing extends Fault {
  override readonly name = "TooManyFilesMissing";
}

/** The export was stopped or refused elsewhere while this step ran: it lands nothing any more. */
export class ExportStopped extends Fault {
  override readonly name = "ExportStopped";
}

/** EventBridge did not take an event. */
export class EventsUndelivered extends Fault {
  override readonly name = "EventsUndelivered";
}
