import * as z from "zod";

/*
 * These schemas are apart from those of the records, so that functions which only name a CCD request create no others.
 */

/** Also the execution's name and part of the S3 keys. Random, or an HMAC of caller and Idempotency-Key: it identifies no person. */
export const ccdRequestId = z.string().regex(/^ccd-[0-9a-f]{32}$/, "must be ccd- and 32 digits or letters a to f");

/** The place of a CCD request in its caller's list: when it was made, and its id. */
export const ccdRequestPlace = z.string().regex(/^\d{4}-\d\d-\d\dT[\d:.]{8,12}Z ccd-[0-9a-f]{32}$/);
