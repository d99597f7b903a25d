import { join, resolve, sep } from "node:path";
import type { ExportFileView } from "#on-demand-api/language/export-messages.ts";
import type { CommandContext } from "../commands/command-context.ts";
import { CommandFailed } from "../output/command-failed.ts";
import type { ApiClient } from "./api-client.ts";
import { isSaved, readLinked, saveFile } from "./save-file.ts";

/** A file that is on this machine. */
export interface SavedFile {
  number: number;
  file: string;
  bytes: number;
  /** Whether it was there before. */
  kept: boolean;
}

/** So many files are read at once. */
const lanes = 4;

interface Saving {
  exportId: string;
  /** Landed files. */
  files: readonly ExportFileView[];
  /** The folder below which the export gets a folder of its own. */
  out: string;
}

/**
 * Saves landed files of an export below a folder, under their names. A file that is there already and whole is kept, so a command that was
 * stopped goes on where it was.
 * @throws CommandFailed if a file is not whole, or the API refuses one; the signal's reason if it fires
 */
export async function saveExport(
  context: Pick<CommandContext, "progress" | "signal" | "now">,
  api: ApiClient,
  { exportId, files, out }: Saving,
): Promise<SavedFile[]> {
  const folder = join(out, exportId);
  const saved: SavedFile[] = [];
  const counter = savedCounter(context, files);
  // The first fault stops the other lanes, which clean up after themselves.
  const fault = new AbortController();
  const signal = AbortSignal.any([context.signal, fault.signal]);
  const queue = files.values();
  const drain = async (): Promise<void> => {
    try {
      // The lanes share one iterator, so each takes the next file as soon as it has time.
      for (const file of queue) {
        signal.throwIfAborted();
        saved.push(await saveOne(api, { exportId, file, path: pathOf(folder, file), counter }, signal));
        counter.countFile();
      }
    } catch (error) {
      fault.abort(error);
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, files.length) }, drain));
  context.progress.clear();
  context.signal.throwIfAborted();
  fault.signal.throwIfAborted();
  return saved.toSorted((a, b) => a.number - b.number);
}

async function saveOne(
  api: ApiClient,
  { exportId, file, path, counter }: { exportId: string; file: ExportFileView; path: string; counter: Counter },
  signal: AbortSignal,
): Promise<SavedFile> {
  const { number, bytes, checksum } = file;
  if (bytes !== null && checksum !== null && (await isSaved(path, { bytes, checksum: checksum.value }))) {
    counter.countKept(bytes);
    return { number, file: path, bytes, kept: true };
  }
  const answer = await readLinked(api, { path: `/exports/${exportId}/files/${number}` }, signal);
  const expected = { bytes: bytes ?? undefined, checksum: checksum?.value, onBytes: counter.countReceived };
  return { number, file: path, bytes: await saveFile(answer, path, expected, signal), kept: false };
}

interface Counter {
  countReceived: (bytes: number) => void;
  countKept: (bytes: number) => void;
  countFile: () => void;
}

/** Counts files and bytes, and shows them. */
function savedCounter(
  { progress, now }: Pick<CommandContext, "progress" | "now">,
  files: readonly ExportFileView[],
): Counter {
  const totalBytes = files.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
  const startedAt = now();
  let [done, received, kept] = [0, 0, 0];
  const show = (): void =>
    progress.show({
      message: "saving",
      files: { done, total: files.length },
      bytes: received + kept,
      totalBytes,
      bytesPerSecond: (received * 1000) / Math.max(now() - startedAt, 1),
    });
  return {
    countReceived: (bytes) => {
      received += bytes;
      show();
    },
    countKept: (bytes) => {
      kept += bytes;
    },
    countFile: () => {
      done += 1;
      show();
    },
  };
}

/** @throws CommandFailed if the name leads out of the folder */
function pathOf(folder: string, { name, number }: ExportFileView): string {
  const path = join(folder, name);
  if (resolve(path).startsWith(resolve(folder) + sep)) return path;
  throw new CommandFailed(`the name of file ${number} leads out of ${folder}`);
}
