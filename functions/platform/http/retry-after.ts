/** The reader of Retry-After under its former name, until each wing calls `readRetryAfter`. */
export { readRetryAfter as retryAfterMs } from "./reading/retry-after.ts";
