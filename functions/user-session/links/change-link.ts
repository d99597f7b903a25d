import type { LinkRecord } from "#user-session/language/link.ts";
import type { LinkRecords } from "./link-records.ts";

/** How often a change begins again if the link changes meanwhile. */
const mostAttempts = 5;

/**
 * Changes a link from the record as it is now, and begins again if another process changed it meanwhile.
 * @param change returns the new record, or undefined if nothing is to be changed
 * @returns the new record; undefined if the link does not exist or `change` returned undefined
 * @throws Error if the link changes all the time
 */
export async function changeLink(
  records: Pick<LinkRecords, "find" | "replace">,
  linkId: string,
  change: (record: LinkRecord) => LinkRecord | undefined,
): Promise<LinkRecord | undefined> {
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const stored = await records.find(linkId);
    const changed = stored && change(stored.record);
    if (stored === undefined || changed === undefined) return undefined;
    if (await records.replace(stored, changed)) return changed;
  }
  throw new Error(`${linkId} changes all the time: try again`);
}
