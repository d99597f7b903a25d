import { exportEventHead } from "#bulk-export/language/event-head.ts";
import type { ExportEvent } from "#bulk-export/language/export-events.ts";
import type { ExportContext } from "#bulk-export/language/export-state.ts";
import type { LandedFile } from "#bulk-export/language/landed-file.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import type { Receipts } from "#bulk-export/records/receipts.ts";
import type { BatchEventBus } from "#platform/bus/event-bus.ts";

export interface LandedBatchesPorts {
  records: Pick<ExportRecords, "pointers">;
  receipts: Pick<Receipts, "writeLanded">;
  bus: Pick<BatchEventBus<ExportEvent>, "publishAll">;
}

/** A file of the item that has landed. */
export interface BatchedFile {
  file: LandedFile;
  /** Whether an earlier call wrote its receipt. Only its event is then to be published. */
  hasReceipt: boolean;
}

/** Files of a call that land within this time share a batch. So the event of a file comes this much later at most. */
const batchMs = 5_000;

/**
 * Writes the receipts of files that have landed, then publishes their events, batch by batch. A file of which the receipt or the
 * event fails is reported as such, and the others of its batch are not.
 *
 * If the function dies before a receipt is written, the next call downloads the file again, and finds that an equal object is there.
 */
export class LandedBatches<File extends BatchedFile> {
  readonly #ports: LandedBatchesPorts;
  readonly #context: ExportContext;
  readonly #item: number;
  readonly #settle: (file: File, fault: unknown) => Promise<void>;
  #batch: File[] = [];
  #timer: NodeJS.Timeout | undefined;
  readonly #writing: Promise<void>[] = [];

  /**
   * @param item the index of the item's first file
   * @param settle called once for each file. `fault` is undefined if its receipt was written and its event was published
   */
  constructor(
    ports: LandedBatchesPorts,
    context: ExportContext,
    item: number,
    settle: (file: File, fault: unknown) => Promise<void>,
  ) {
    this.#ports = ports;
    this.#context = context;
    this.#item = item;
    this.#settle = settle;
  }

  add(file: File): void {
    this.#batch.push(file);
    this.#timer ??= setTimeout(() => this.#begin(), batchMs);
  }

  /** Writes what is left, and waits until each file is settled. @throws the first error of `settle` */
  async end(): Promise<void> {
    this.#begin();
    for (const written of await Promise.allSettled(this.#writing))
      if (written.status === "rejected") throw written.reason;
  }

  #begin(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#batch;
    if (batch.length === 0) return;
    this.#batch = [];
    const writing = this.#write(batch);
    // `end` throws the error. Until then, Node would take it for unhandled.
    writing.catch(() => undefined);
    this.#writing.push(writing);
  }

  async #write(batch: readonly File[]): Promise<void> {
    const faults = await this.#faultsOf(batch);
    for (const file of batch) await this.#settle(file, faults.get(file));
  }

  /** The faults by file. */
  async #faultsOf(batch: readonly File[]): Promise<ReadonlyMap<File, unknown>> {
    const { receipts, bus } = this.#ports;
    const faults = new Map<File, unknown>();
    const withoutReceipt = batch.filter(({ hasReceipt }) => !hasReceipt);
    try {
      const files = withoutReceipt.map(({ file }) => file);
      if (files.length > 0) await receipts.writeLanded(this.#context.exportId, this.#item, files);
    } catch (fault) {
      for (const file of withoutReceipt) faults.set(file, fault);
    }
    const events = new Map(
      batch.filter((file) => !faults.has(file)).map((file) => [this.#eventOf(file.file), file] as const),
    );
    for (const [event, fault] of await bus.publishAll([...events.keys()])) {
      const file = events.get(event);
      if (file !== undefined) faults.set(file, fault);
    }
    return faults;
  }

  #eventOf({ index, key, kind, type, lines, bytes, checksum }: LandedFile): ExportEvent {
    const { bucket } = this.#ports.records.pointers(this.#context.exportId).destination;
    return {
      type: "Export File Landed",
      detail: {
        ...exportEventHead(this.#context, `landed/${index}`),
        file: { bucket, key, kind, type, lines, bytes, checksum },
      },
    };
  }
}
