/**
 * The flags of Lambda that concern V8's heap, for a function of this many MiB. A tenth of the memory is for new objects, and each half
 * of them gets half of it. The rest is for old objects. The function may also ask for a collection.
 *
 * Source: `/var/runtime/bootstrap` in AWS's image of the runtime.
 */
export function heapOnLambda(memoryMib: number): string[] {
  const newObjects = Math.floor(memoryMib / 10);
  return [
    "--expose-gc",
    `--max-semi-space-size=${Math.floor(newObjects / 2)}`,
    `--max-old-space-size=${memoryMib - newObjects}`,
  ];
}
