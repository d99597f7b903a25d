import type { ManifestFile, ManifestWarnings } from "#bulk-export/server/manifest.ts";

/**
 * The files of a manifest, each once. A server that lists a URL twice (same list, same type) would have its lines doubled. If the
 * two entries announce different numbers of lines, the larger one counts, because fewer lines than announced are refused.
 */
export function withoutDuplicates(files: readonly ManifestFile[], warnings: ManifestWarnings): ManifestFile[] {
  const known = new Map<string, ManifestFile>();
  const kept: ManifestFile[] = [];
  for (const [index, file] of files.entries()) {
    const identity = file.url === null ? undefined : JSON.stringify([file.kind, file.type, file.url.href]);
    const earlier = identity === undefined ? undefined : known.get(identity);
    if (earlier !== undefined) {
      earlier.count = largerCount(earlier.count, file.count);
      warnings.at(`file ${index}`)("DUPLICATE_FILE");
      continue;
    }
    const own = { ...file };
    if (identity !== undefined) known.set(identity, own);
    kept.push(own);
  }
  return kept;
}

const largerCount = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? (one ?? other) : Math.max(one, other);
