/**
 * Memory for the parts of uploads, which later files use again. Without it, each file would leave tens of MiB to the garbage
 * collector, and V8 might free them much later.
 *
 * A buffer takes only as much memory as was ever written to it. The system gives a process no memory for pages that it has not touched.
 */
export class PartMemory {
  readonly #free = new Map<number, Buffer[]>();

  /** A buffer of this length, with any content. */
  take(bytes: number): Buffer {
    return this.#free.get(bytes)?.pop() ?? Buffer.allocUnsafeSlow(bytes);
  }

  /** Takes a buffer back. Nothing may use it any more, a request that sends it included. */
  giveBack(buffer: Buffer): void {
    const others = this.#free.get(buffer.length);
    if (others === undefined) this.#free.set(buffer.length, [buffer]);
    else others.push(buffer);
  }
}
