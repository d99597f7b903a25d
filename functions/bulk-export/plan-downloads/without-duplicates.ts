import type { ManifestFile, ManifestWarnings } from "#bulk-export/server/manifest.ts";

/**
 * The files of a manifest, each once. A server that lists a URL twice (same list, same type) would have its lines doubled. If the
 * two entries announce different numbers of lines, the larger one counts, because fewer lines than announced are refused.
 */
export function withoutDuplicates(files: readonly ManifestFile[], warnings: ManifestWarnings): ManifestFile[] {
  const kept: ManifestFile[] = [];
  /** The places in `kept`, by list and type, then by URL. */
  const places = new Map<string, Map<string, number>>();
  for (const [index, file] of files.entries()) {
    const group = `${file.kind} ${file.type}`;
    const ofGroup = places.get(group) ?? new Map<string, number>();
    places.set(group, ofGroup);
    const place = file.url === null ? undefined : ofGroup.get(file.url);
    const earlier = place === undefined ? undefined : kept[place];
    if (place !== undefined && earlier !== undefined) {
      kept[place] = { ...earlier, count: largerCount(earlier.count, file.count) };
      warnings.at(`file ${index}`)("DUPLICATE_FILE");
      continue;
    }
    if (file.url !== null) ofGroup.set(file.url, kept.length);
    kept.push(file);
  }
  return kept;
}

const largerCount = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? (one ?? other) : Math.max(one, other);
