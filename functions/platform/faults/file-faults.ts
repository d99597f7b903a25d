/*
 * What can go wrong with a single file. These faults never reach Step Functions: a download turns each of them into another
 * attempt, or into a failed file that the summary names.
 */

/** The connection ended before the file did. Another attempt may succeed. */
export class FileCut extends Error {
  override readonly name = "FileCut";
}

/** What arrived is not the file that was announced: not NDJSON, another number of lines, or an unfinished last record. */
export class FileDamaged extends Error {
  override readonly name = "FileDamaged";
}

/** The server refuses this file. Another attempt would not change that. */
export class FileRefused extends Error {
  override readonly name = "FileRefused";
}

/** Another object has the file's key. The bridge does not touch it. */
export class ObjectConflict extends Error {
  override readonly name = "ObjectConflict";
}
