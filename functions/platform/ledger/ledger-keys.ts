/*
 * How the keys of the ledger's items begin, by their kind: `{prefix}{id}`. IAM policies go by these prefixes
 * (`dynamodb:LeadingKeys`): a function can neither read nor change the items of another kind. Each wing declares its own
 * prefixes in its language.
 */

/** Leases belong to no wing: each gives its own names to them. */
export const leaseKeys = { lease: "lease#" } as const;
