/**
 * Memory for the parts of uploads, which is used again for later parts and later files. Without it, each file would leave tens of
 * MiB to the garbage collector, which V8 may free much later.
 *
 * A buffer takes as much memory as was ever written to it, whatever its length: the system gives a process no memory for pages
 * that it has not touched.
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
