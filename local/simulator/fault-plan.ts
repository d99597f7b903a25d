import * as z from "zod";
import type { EndpointName } from "#local/simulator/request-log.ts";
import { uniformOf } from "#local/simulator/seeded-random.ts";

/** The endpoints that faults are planned for. */
export type FaultyEndpoint = Exclude<EndpointName, "other">;

const byteCount = z.int().min(0);
/** Counted from 0; the middle one where it is absent. */
const lineNumber = z.int().min(0).optional();

/** What goes wrong. Counts of bytes are those of the body on the wire; cut, truncated and stalled requests still act. */
export const faultSchema = z.discriminatedUnion("kind", [
  /** Nothing: lets one request of a script pass. */
  z.strictObject({ kind: z.literal("none") }),
  /** Tomcat's 401 page though the token is fine. */
  z.strictObject({ kind: z.literal("unauthorized") }),
  z.strictObject({
    kind: z.literal("status"),
    status: z.literal([400, 403, 404, 429, 500, 502, 503, 504]),
    /** Seconds, or an HTTP date that many seconds ahead. Absent: the server's option for 429 and 503. Null: none. */
    retryAfter: z.union([z.number(), z.strictObject({ httpDateInSeconds: z.number() }), z.null()]).optional(),
    /** OperationOutcome with a transient or a terminal issue, or another body. Default "transient" for 429 and 5xx. */
    body: z.enum(["transient", "terminal", "html", "empty", "attachment-not-found", "portal"]).optional(),
    /** What the OperationOutcome, or the page, says; `{token}`, `{assertion}` and `{url}` stand for what was sent. */
    words: z.string().optional(),
  }),
  /** Destroys the socket: before the headers, or after so many bytes of the body. `effect` false: and nothing is done. */
  z.strictObject({ kind: z.literal("cut"), afterBytes: byteCount.optional(), effect: z.boolean().optional() }),
  /** An HTML page with status 200. */
  z.strictObject({ kind: z.literal("garbage") }),
  /** A body that ends early but cleanly, without Content-Length; default in the middle of a record. */
  z.strictObject({
    kind: z.literal("truncate"),
    atByte: byteCount.optional(),
    framing: z.enum(["chunked", "close"]).optional(),
  }),
  /** A resource of another type in one line; `nested`: it contains the resource that was there. */
  z.strictObject({ kind: z.literal("wrong-type"), line: lineNumber, nested: z.boolean().optional() }),
  /** A line that is not JSON (default) or not UTF-8. */
  z.strictObject({ kind: z.literal("bad-line"), line: lineNumber, how: z.enum(["not-json", "not-utf8"]).optional() }),
  /** One line less than the manifest counts, where it does. */
  z.strictObject({ kind: z.literal("drop-line"), line: lineNumber }),
  /** On compressed answers: the gzip stream lacks its trailer, or something follows it. The HTTP around it is whole. */
  z.strictObject({ kind: z.literal("bad-gzip"), how: z.enum(["cut", "garbage-behind"]) }),
  /** 307 to the given URL. */
  z.strictObject({ kind: z.literal("redirect"), location: z.string() }),
  /** Documents as an attacker would send them, always in a ZIP; on downloads of CCDs only. `bytes`: how large a bomb becomes. */
  z.strictObject({
    kind: z.literal("hostile-ccd"),
    attack: z.enum([
      /** Entries whose names lead out of the folder. */
      "zip-slip",
      /** White space that was compressed a thousandfold. */
      "zip-bomb",
      /** Headers that claim far less than the content. */
      "lying-sizes",
      "duplicate-names",
      "encrypted-entry",
      /** The first part of the archive, with the right Content-Length. */
      "truncated",
      "internal-entity",
      "billion-laughs",
      /** A document type whose definition is at an address of this server, so that its log shows who fetches it. */
      "external-dtd",
      "external-entity",
      "malformed-xml",
      /** The recordTarget of another patient in the last document. */
      "wrong-patient",
      /** The right patient's ids in the last document, with another one's name, birth date and gender. */
      "other-person",
    ]),
    bytes: byteCount.optional(),
  }),
  /** Sends the headers, so many bytes of the body (default none), and then nothing more. */
  z.strictObject({ kind: z.literal("stall"), afterBytes: byteCount.optional() }),
]);

export type Fault = z.infer<typeof faultSchema>;
export type CcdAttack = Extract<Fault, { kind: "hostile-ccd" }>["attack"];

/** The faults of what is downloaded, which need something that they can spoil. */
const CONTENT_FAULTS: ReadonlySet<Fault["kind"]> = new Set<Fault["kind"]>([
  "truncate",
  "wrong-type",
  "bad-line",
  "drop-line",
  "bad-gzip",
  "hostile-ccd",
]);

/** The request that a fault is chosen for. */
export interface FaultTarget {
  readonly endpoint: FaultyEndpoint;
  /** What is asked for: requests with the same key are attempts at the same thing. */
  readonly key: string;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly fileName: string | null;
  /** False while a download has nothing to send yet: faults of content then wait for a later request. */
  readonly contentReady: boolean;
}

/**
 * A fault for one request. With `match` it waits for a request whose path or query contains the string
 * (a fileName, for instance) or for which the predicate holds.
 */
export type ScriptedFault = Fault & { readonly match?: string | ((request: FaultTarget) => boolean) };

/** A fault that befalls requests with the given probability (0 to 1). */
export interface FaultRate {
  readonly rate: number;
  readonly fault: Fault;
}

/** Decides for each request whether and how it fails: scripts first, then rates. */
export class FaultPlan {
  /** Rates never let more consecutive attempts at the same thing fail; scripted faults count, but are not limited. */
  maxConsecutive = 3;
  readonly #seed: number;
  readonly #scripts = new Map<FaultyEndpoint, ScriptedFault[]>();
  readonly #rates = new Map<FaultyEndpoint, readonly FaultRate[]>();
  readonly #attempts = new Map<string, { total: number; failedInARow: number }>();

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Appends faults, each for one of the endpoint's next requests. */
  script(endpoint: FaultyEndpoint, steps: readonly ScriptedFault[]): void {
    this.#scripts.set(endpoint, [...(this.#scripts.get(endpoint) ?? []), ...steps]);
  }

  /** Replaces the endpoint's rates; the sum of the rates is the probability that a request fails. */
  rates(endpoint: FaultyEndpoint, rates: readonly FaultRate[]): void {
    this.#rates.set(endpoint, rates);
  }

  /** Removes all scripts and rates. */
  clear(): void {
    this.#scripts.clear();
    this.#rates.clear();
  }

  /** How many scripted faults of the endpoint are still to come. */
  pending(endpoint: FaultyEndpoint): number {
    return this.#scripts.get(endpoint)?.length ?? 0;
  }

  /** Chooses the fault of a request and uses it up; null when it is to be answered properly. */
  next(request: FaultTarget): Fault | null {
    const id = `${request.endpoint} ${request.key}`;
    const attempt = this.#attempts.get(id) ?? { total: 0, failedInARow: 0 };
    const planned = this.#scripted(request) ?? this.#drawn(request, attempt);
    const fault = planned?.kind === "none" ? null : planned;
    const failedInARow = fault === null ? 0 : attempt.failedInARow + 1;
    this.#attempts.set(id, { total: attempt.total + 1, failedInARow });
    return fault;
  }

  #scripted(request: FaultTarget): Fault | null {
    const steps = this.#scripts.get(request.endpoint) ?? [];
    const index = steps.findIndex((step) => {
      const { match } = step;
      if (!isPossible(step, request)) return false;
      if (match === undefined) return true;
      return typeof match === "function" ? match(request) : `${request.path}?${request.query}`.includes(match);
    });
    const [step] = index === -1 ? [] : steps.splice(index, 1);
    return step ?? null;
  }

  #drawn(request: FaultTarget, attempt: { total: number; failedInARow: number }): Fault | null {
    if (attempt.failedInARow >= this.maxConsecutive) return null;
    let draw = uniformOf(this.#seed, request.endpoint, request.key, attempt.total);
    for (const { rate, fault } of this.#rates.get(request.endpoint) ?? []) {
      if (draw < rate) return isPossible(fault, request) ? fault : null;
      draw -= rate;
    }
    return null;
  }
}

function isPossible({ kind }: Fault, { contentReady }: FaultTarget): boolean {
  return contentReady || !CONTENT_FAULTS.has(kind);
}
