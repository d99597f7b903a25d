import * as z from "zod";

/*
 * Headers of calls. Every function of the API reads some of them, so they are apart from the messages of links and CCD requests.
 */

/** The header that names the link under which a call is made. */
export const linkHeader = "integra-link";

/** The header by which a client marks a repeated call (IETF draft, "The Idempotency-Key HTTP Header Field"). */
export const idempotencyKey = z.string().regex(/^[\x21-\x7e]{1,255}$/, "must be 1 to 255 visible ASCII characters");
