import { type ExportView, exportView } from "#on-demand-api/language/export-messages.ts";
import type { CommandContext } from "../commands/command-context.ts";
import { isUnavailable } from "../output/command-failed.ts";
import type { ApiClient } from "./api-client.ts";

/** From a second to five, by the time since the beginning: a short export is seen at once, and a long one is not asked about too often. */
const delayMs = (elapsedMs: number): number => Math.min(1_000 + elapsedMs / 20, 5_000);

const isOver = ({ state }: ExportView): boolean => state !== "requested" && state !== "running";

/**
 * Shows the progress of an export until it has ended.
 * @throws the signal's reason if it fires before, CommandFailed if the API fails. If the command could not follow the export to its end, a
 * note says that the export goes on
 */
export async function watchExport(
  context: Pick<CommandContext, "progress" | "signal" | "sleep" | "now">,
  api: ApiClient,
  first: ExportView,
): Promise<ExportView> {
  const { progress, signal, sleep, now } = context;
  const { exportId } = first;
  const startedAt = now();
  let newest = first;
  try {
    while (!isOver(newest)) {
      progress.show(stateOf(newest));
      await sleep(delayMs(now() - startedAt));
      newest = await api.read(exportView, { path: `/exports/${exportId}` });
    }
    return newest;
  } catch (error) {
    // Whoever loses the API, too, needs the export's id.
    if (signal.aborted || isUnavailable(error))
      progress.note(
        `${exportId} goes on at AWS. See it again: integra export watch ${exportId}. Stop it: integra export cancel ${exportId}`,
      );
    throw error;
  } finally {
    progress.clear();
  }
}

function stateOf({ message, waitsFor, serverProgress, progress }: ExportView) {
  const { filesPlanned, filesLanded, lines, bytes, bytesPerSecond } = progress;
  const words = (waitsFor?.message ?? message).replace(/\.$/, "");
  return {
    message: serverProgress === null || filesPlanned !== null ? words : `${words} (${serverProgress})`,
    files: { done: filesLanded, total: filesPlanned },
    lines,
    bytes,
    bytesPerSecond,
  };
}
