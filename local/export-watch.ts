import { readableBytes } from "#cli/output/units.ts";
import { type BridgeCaller, isAboutExport, type ReceivedEvent } from "./bridge-caller.ts";

/** How an export went, as its subscriber saw it. */
export interface WatchedExport {
  exportId: string;
  /** The event that ended it. */
  end: Extract<ReceivedEvent, { "detail-type": "Export Completed" | "Export Failed" | "Export Cancelled" }>;
  /** How many events of each type came in. */
  received: Map<string, number>;
}

export interface WatchOptions {
  requestId: string;
  /** Receives a line of progress at each change. */
  report: (line: string) => void;
  signal: AbortSignal;
}

/**
 * Follows the export of one requestId by its events until it ends.
 * @throws the signal's reason, if the signal fires first
 */
export async function watchExport(caller: BridgeCaller, options: WatchOptions): Promise<WatchedExport> {
  const received = new Map<string, number>();
  const progress = new Progress(options.report);
  let exportId: string | undefined;
  for (;;) {
    options.signal.throwIfAborted();
    for (const event of await caller.receiveEvents(1)) {
      if (!isAboutExport(event) || event.detail.requestId !== options.requestId) continue;
      exportId = event.detail.exportId;
      const type = event["detail-type"];
      received.set(type, (received.get(type) ?? 0) + 1);
      if (event["detail-type"] === "Export File Landed") progress.countFile(event.detail.file.bytes);
      else if (event["detail-type"] !== "Export Started") return { exportId, end: event, received };
    }
    if (exportId !== undefined) progress.showPhase(await caller.currentState(exportId));
  }
}

class Progress {
  readonly #report: (line: string) => void;
  #phase: string | undefined;
  #files = 0;
  #bytes = 0;
  #shown = 0;

  constructor(report: (line: string) => void) {
    this.#report = report;
  }

  countFile(bytes: number): void {
    this.#files += 1;
    this.#bytes += bytes;
  }

  showPhase(name: string | undefined): void {
    if (name !== undefined && name !== this.#phase) this.#report(name.toLowerCase());
    this.#phase = name;
    if (this.#files > this.#shown) this.#report(`${this.#files} files landed, ${readableBytes(this.#bytes)}`);
    this.#shown = this.#files;
  }
}
