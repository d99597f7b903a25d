import type { EndpointName } from "#local/simulator/http/request-log.ts";

/** A hold on the requests to one endpoint. */
export interface RequestHold {
  /** Resolves when that many requests wait, 1 by default. */
  readonly waiting: (count?: number) => Promise<void>;
  /** Lets the waiting requests and all later ones pass. */
  readonly release: () => void;
}

/** Requests that wait for their answer until a test releases them, so that something can happen at an exact moment. */
export class HeldRequests {
  readonly #holds = new Map<EndpointName, Hold>();

  /** Holds each request to the endpoint after the first `after` ones. Throws Error if the endpoint is held already. */
  hold(endpoint: EndpointName, after = 0): RequestHold {
    if (this.#holds.has(endpoint)) throw new Error(`requests to ${endpoint} are held already`);
    const hold = new Hold(after);
    this.#holds.set(endpoint, hold);
    return {
      waiting: (count = 1) => hold.waiting(count),
      release: () => {
        this.#holds.delete(endpoint);
        hold.release();
      },
    };
  }

  /** Resolves when a request to the endpoint may be answered. */
  async pass(endpoint: EndpointName): Promise<void> {
    await this.#holds.get(endpoint)?.pass();
  }
}

class Hold {
  readonly #requests: (() => void)[] = [];
  readonly #watchers: { readonly count: number; readonly resolve: () => void }[] = [];
  #free: number;

  constructor(after: number) {
    this.#free = after;
  }

  pass(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return Promise.resolve();
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#requests.push(resolve);
    for (const watcher of this.#watchers) if (this.#requests.length >= watcher.count) watcher.resolve();
    return promise;
  }

  waiting(count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#requests.length >= count) resolve();
    else this.#watchers.push({ count, resolve });
    return promise;
  }

  release(): void {
    for (const answer of this.#requests) answer();
  }
}
