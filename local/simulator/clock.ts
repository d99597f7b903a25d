/** The clock of sessions, codes, launches and cached key sets. Signed tokens have the real time, because clients check it. */
export class SimulatorClock {
  #aheadMs = 0;

  /** Milliseconds since 1970. */
  now(): number {
    return Date.now() + this.#aheadMs;
  }

  /** Lets that many seconds pass at once. */
  advance(seconds: number): void {
    this.#aheadMs += seconds * 1000;
  }
}
