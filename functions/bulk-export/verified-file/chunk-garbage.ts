const mebibyte = 1024 * 1024;

/**
 * Counts the bytes of chunks that nothing needs any more. After each `everyBytes` of them, it asks V8 to collect young objects.
 *
 * The bytes of a chunk lie outside of V8's heap. Its part in the heap is small, so a download hardly ever fills the space of young
 * objects. V8 then frees chunks by collecting the whole heap, which takes several times as long as collecting the young objects.
 *
 * @param everyBytes a few MiB: less costs more collections, and with much more V8 collects the whole heap first
 * @param collectYoung what collects. Lambda starts Node.js with `--expose-gc` (`/var/runtime/bootstrap` in AWS's image of the
 * runtime). Without that flag, V8 alone decides when it collects
 */
export function chunkGarbage(
  everyBytes = 8 * mebibyte,
  collectYoung: () => void = () => globalThis.gc?.({ type: "minor" }),
): (bytes: number) => void {
  let garbage = 0;
  return (bytes) => {
    garbage += bytes;
    if (garbage < everyBytes) return;
    garbage = 0;
    collectYoung();
  };
}
