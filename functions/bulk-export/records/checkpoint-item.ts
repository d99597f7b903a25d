import { readServerInstant } from "#platform/http/reading/server-instant.ts";

/** A checkpoint as the ledger holds it. Older versions wrote such items as well, so any attribute may hold anything. */
export type CheckpointItem = Record<string, unknown>;

/** A complete export, as far as it concerns its checkpoint. */
export interface CompleteExport {
  exportId: string;
  /** The server's time of the export, as received. Null if the manifest has none. */
  transactionTime: string | null;
  /** The bridge's clock before the first kick-off request was sent, in milliseconds since the epoch. */
  requestedAt: number;
  /** The instant from which an incremental export began. Undefined for a full export. */
  since: string | undefined;
}

/** What the next item holds, and the moment that it stands for, in milliseconds since the epoch. */
export interface NextCheckpoint {
  transactionTime: string;
  time: number;
  incrementals: number;
}

/**
 * The moment from which the next incremental export may begin, in milliseconds since the epoch. It is the earliest moment that
 * the stored time can mean: older versions took a time without a zone for UTC.
 * @returns undefined if the item is no checkpoint: its time cannot be read, or lies after `now`
 */
export function checkpointTime(item: CheckpointItem, now: number): number | undefined {
  const { epochMs, transactionTime } = item;
  const received = readServerInstant(transactionTime);
  if (typeof epochMs !== "number" || received === undefined) return undefined;
  const time = Math.min(epochMs, received.earliest);
  return time <= now ? time : undefined;
}

/** The number of incremental exports that completed since the last full one. */
export function incrementalsOf(item: CheckpointItem): number {
  const { incrementals } = item;
  return typeof incrementals === "number" ? incrementals : 0;
}

/**
 * Where a complete export moves the checkpoint. The new checkpoint is the earliest moment that the server's time can mean, and never
 * later than the bridge's own clock before the kick-off: an overlap costs duplicates, a gap costs data.
 * @param item the current item
 * @returns undefined if the checkpoint stays: the server's time cannot be read, the export began later than the checkpoint (there
 * would be a gap), or the checkpoint is that far already. A full export replaces an item that is no checkpoint
 */
export function nextCheckpoint(
  item: CheckpointItem | undefined,
  { transactionTime, requestedAt, since }: CompleteExport,
  now: number,
): NextCheckpoint | undefined {
  const received = readServerInstant(transactionTime);
  if (received === undefined) return undefined;
  const time = Math.min(received.earliest, requestedAt);
  const current = item && checkpointTime(item, now);
  if (current !== undefined && current >= time) return undefined;
  if (since === undefined) return { transactionTime: received.asReceived, time, incrementals: 0 };
  const begin = readServerInstant(since)?.latest;
  if (item === undefined || current === undefined || begin === undefined || begin > current) return undefined;
  return { transactionTime: received.asReceived, time, incrementals: incrementalsOf(item) + 1 };
}
