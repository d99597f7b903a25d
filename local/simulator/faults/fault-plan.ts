import { ERROR_FILE_NAME } from "#local/simulator/bulk-export/manifest.ts";
import type { Fault } from "#local/simulator/faults/fault-schema.ts";
import type { EndpointName } from "#local/simulator/http/request-log.ts";
import { uniformOf } from "#local/simulator/records/seeded-random.ts";

/** The endpoints that may have faults. */
export type FaultyEndpoint = Exclude<EndpointName, "other">;

/** The faults of content. They need an answer with content. */
const CONTENT_FAULTS: ReadonlySet<Fault["kind"]> = new Set<Fault["kind"]>([
  "truncate",
  "wrong-type",
  "bad-line",
  "drop-line",
  "bad-gzip",
  "byte-order-mark",
  "unrequested-gzip",
  "see-other",
  "odd-manifest",
  "odd-issue",
  "odd-ccd",
  "hostile-ccd",
]);

/** The endpoints of the faults that only some endpoints can have. */
const ENDPOINTS_OF_FAULT: ReadonlyMap<Fault["kind"], readonly FaultyEndpoint[]> = new Map<
  Fault["kind"],
  readonly FaultyEndpoint[]
>([
  ["accepted-status", ["kick-off"]],
  ["pipe-in-location", ["kick-off"]],
  ["see-other", ["status"]],
  ["odd-manifest", ["status"]],
  ["oauth-error", ["token", "user-token"]],
  ["odd-lifetime", ["token", "user-token"]],
  ["odd-issue", ["download"]],
  ["odd-ccd", ["ccd-download"]],
  ["hostile-ccd", ["ccd-download"]],
  ["odd-discovery", ["smart-configuration", "openid-configuration"]],
  ["odd-keys", ["jwks"]],
  ["altered-id-token", ["user-token"]],
  ["odd-token-answer", ["user-token"]],
  ["odd-callback", ["consent"]],
  ["odd-launch", ["ehr-launch"]],
]);

/** The request that a fault is chosen for. */
export interface FaultTarget {
  readonly endpoint: FaultyEndpoint;
  /** The target of the request: requests with the same key are attempts at the same thing. */
  readonly key: string;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly fileName: string | null;
  /** False if an export or a download is not ready. Faults of content then wait for a later request. */
  readonly contentReady: boolean;
}

/**
 * A fault for one request. With `match` it waits for a request whose path or query contains the string
 * (for example a fileName), or for which the predicate is true.
 */
export type ScriptedFault = Fault & { readonly match?: string | ((request: FaultTarget) => boolean) };

/** A fault that requests have with the given probability (0 to 1). */
export interface FaultRate {
  readonly rate: number;
  readonly fault: Fault;
}

/** Decides for each request if and how it fails. Scripts come first, then rates. */
export class FaultPlan {
  /** The limit of consecutive failures of the same target by rates. Scripted faults count, but have no limit. */
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

  /** How many scripted faults of the endpoint remain. */
  pending(endpoint: FaultyEndpoint): number {
    return this.#scripts.get(endpoint)?.length ?? 0;
  }

  /** Takes the next fault for a request from the plan. Null if the request gets its proper answer. */
  next(request: FaultTarget): Fault | null {
    const id = `${request.endpoint} ${request.key}`;
    const attempt = this.#attempts.get(id) ?? { total: 0, failedInARow: 0 };
    const planned = this.#takeScripted(request) ?? this.#drawFault(request, attempt);
    const fault = planned?.kind === "none" ? null : planned;
    const failedInARow = fault === null ? 0 : attempt.failedInARow + 1;
    this.#attempts.set(id, { total: attempt.total + 1, failedInARow });
    return fault;
  }

  #takeScripted(request: FaultTarget): Fault | null {
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

  #drawFault(request: FaultTarget, attempt: { total: number; failedInARow: number }): Fault | null {
    if (attempt.failedInARow >= this.maxConsecutive) return null;
    let draw = uniformOf(this.#seed, request.endpoint, request.key, attempt.total);
    for (const { rate, fault } of this.#rates.get(request.endpoint) ?? []) {
      if (draw < rate) return isPossible(fault, request) ? fault : null;
      draw -= rate;
    }
    return null;
  }
}

function isPossible({ kind }: Fault, { endpoint, fileName, contentReady }: FaultTarget): boolean {
  if (ENDPOINTS_OF_FAULT.get(kind)?.includes(endpoint) === false) return false;
  if (kind === "odd-issue" && fileName !== ERROR_FILE_NAME) return false;
  return contentReady || !CONTENT_FAULTS.has(kind);
}
