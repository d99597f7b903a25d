/** Ten files save nine of ten looks. More would save little, and a stop would hold more files back that were downloaded already. */
const mostFiles = 10;
const longestWaitMs = 1_000;

/** A look that is still to begin, and the files that wait for it. */
interface NextLook {
  files: number;
  timer: NodeJS.Timeout;
  result: PromiseWithResolvers<void>;
}

/**
 * Lets files share a look for the stop marker. Each file is verified when it begins to wait, and becomes visible after the look. The look
 * begins after the last of its files has begun to wait, so a marker that was stored before holds each of them back.
 *
 * A look begins when ten files wait for it, or when one has waited for a second, or by `begin`.
 */
export class SharedLook {
  readonly #look: () => Promise<void>;
  #next: NextLook | undefined;

  /** @param look throws if the file must not become visible */
  constructor(look: () => Promise<void>) {
    this.#look = look;
  }

  /** Waits for a look that has not begun yet. @throws what the look throws */
  async wait(): Promise<void> {
    this.#next ??= {
      files: 0,
      timer: setTimeout(() => this.begin(), longestWaitMs),
      result: Promise.withResolvers<void>(),
    };
    const { result } = this.#next;
    this.#next.files += 1;
    if (this.#next.files === mostFiles) this.begin();
    await result.promise;
  }

  /** Begins the look for the files that wait, if any do. */
  begin(): void {
    const next = this.#next;
    if (next === undefined) return;
    this.#next = undefined;
    clearTimeout(next.timer);
    this.#look().then(next.result.resolve, next.result.reject);
  }
}
