/**
 * When DynamoDB may delete an item, in seconds since the epoch (the attribute `expiresAt`).
 * @param from milliseconds since the epoch
 */
export const expiryAfter = (from: number, days: number): number => Math.ceil(from / 1000) + days * 86_400;
