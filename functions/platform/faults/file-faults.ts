/*
 * What can go wrong with a single file. None of these ever reaches Step Functions: a download turns them into "try
 * again" or into a failed file that the summary names.
 */

/** The connection ended before the file did. Worth another try. */
export class FileCut extends Error {
  override readonly name = "FileCut";
}

/** What arrived is not the file that was promised: not NDJSON, another number of lines, an unfinished last record. */
export class FileDamaged extends Error {
  override readonly name = "FileDamaged";
}

/** The server will not give this file, and asking again will not change that. */
export class FileRefused extends Error {
  override readonly name = "FileRefused";
}

/** Another object stands under the file's key. It is not touched. */
export class ObjectConflict extends Error {
  override readonly name = "ObjectConflict";
}
