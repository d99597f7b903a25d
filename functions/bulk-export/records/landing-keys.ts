import { exportKeys } from "#bulk-export/language/export-keys.ts";
import type { FileKind } from "#bulk-export/language/landed-file.ts";
import { objectKey } from "#platform/bucket/object-keys.ts";

/*
 * Where the files of an export land: the keys below `exports/{exportId}/`.
 */

/** The prefix below which all files of an export land, with its slash. */
export const exportPrefix = (exportId: string): string => objectKey(exportKeys.landed, { exportId });

const folders: Record<FileKind, string | undefined> = {
  output: undefined,
  error: "errors",
  outcome: "errors",
  deleted: "deleted",
};

/** What determines a file's key: its list in the manifest, its type, and the server's name for it. */
export interface NamedFile {
  kind: FileKind;
  type: string;
  fileName: string | undefined;
}

/**
 * The keys of an export's files, in the manifest's order: `exports/{exportId}/{ResourceType}/{file}.ndjson`. Files of the lists
 * `error` and `outcome` land in `errors/`, those of `deleted` in `deleted/`. Characters of the server's file name that are not
 * safe in a key are replaced. If two files would get the same key, the later one gets its index added.
 */
export function fileKeys(exportId: string, files: readonly NamedFile[]): string[] {
  const taken = new Set<string>();
  return files.map((file, index) => {
    const folder = folders[file.kind] ?? safeType(file.type);
    const fileName = safeName(file.fileName) ?? paddedIndex(index);
    const keyFor = (name: string): string => objectKey(exportKeys.file, { exportId, folder, name });
    let key = keyFor(fileName);
    // On a file system that ignores case, keys that differ only in case would overwrite each other after an `aws s3 sync`.
    for (let suffix = paddedIndex(index); taken.has(key.toLowerCase()); suffix += "x")
      key = keyFor(`${fileName}-${suffix}`);
    taken.add(key.toLowerCase());
    return key;
  });
}

/** A file's index in the manifest as six digits, so that keys sort in the manifest's order. */
export const paddedIndex = (index: number): string => String(index).padStart(6, "0");

const safeType = (type: string): string => (/^[A-Z][A-Za-z]{1,63}$/.test(type) ? type : "Unknown");

function safeName(fileName: string | undefined): string | undefined {
  const stem = fileName?.replace(/\.(nd)?json$/i, "");
  const safe = stem
    ?.replace(/[^A-Za-z0-9._-]+/g, "_")
    .replace(/\.{2,}/g, ".")
    .replace(/^[._-]+/, "")
    .slice(0, 100)
    .replace(/\.+$/, "");
  return safe === undefined || safe === "" ? undefined : safe;
}
