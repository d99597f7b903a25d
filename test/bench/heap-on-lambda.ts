/**
 * The flags by which Lambda bounds V8's heap in a function of this many MiB: a tenth of the memory is for new objects, and each half
 * of them gets half of it. The rest is for old objects.
 *
 * Source: `/var/runtime/bootstrap` in AWS's image of the runtime.
 */
export function heapOnLambda(memoryMib: number): string[] {
  const newObjects = Math.floor(memoryMib / 10);
  return [`--max-semi-space-size=${Math.floor(newObjects / 2)}`, `--max-old-space-size=${memoryMib - newObjects}`];
}
