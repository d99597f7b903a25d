import * as z from "zod";

/** A logical id (FHIR R4, datatypes, `id`), except "." and "..", which mean something else in a path. */
export const fhirId = z
  .string()
  .regex(/^[A-Za-z0-9.-]{1,64}$/, "must be 1 to 64 letters, digits, - or .")
  .refine((id) => id !== "." && id !== "..", "must not be . or ..");
