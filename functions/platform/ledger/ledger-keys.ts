/*
 * The prefixes of the ledger's keys, by the kind of item: a key is `{prefix}{id}`. IAM policies use these prefixes
 * (`dynamodb:LeadingKeys`), so a function can neither read nor change items of another kind. Each wing declares its own
 * prefixes in its language.
 */

/** Leases belong to no wing. Each wing names its own. */
export const leaseKeys = { lease: "lease#" } as const;

/** The index of the items whose end was not published yet (`open-items.ts`). It holds their keys only. */
export const openIndex = "open";

/** The index of lists: the items of one list (`listedIn`), sorted by time (`listedAt`). */
export const listIndex = "list";
