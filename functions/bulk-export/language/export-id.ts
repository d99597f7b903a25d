import * as z from "zod";

/*
 * These schemas are apart from those of states and requests. Most functions name an export, and a function creates all schemas of
 * a module that it imports.
 */

/**
 * The id of an export. It is part of S3 keys and the name of the export's first execution, hence the narrow alphabet. It is
 * shorter than an execution's name may be, because the executions that resume the export have a suffix.
 */
export const exportId = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,71}$/,
    "must be 1 to 72 letters, digits or . _ - and begin with a letter or a digit",
  );

/** Which execution of an export this is: `first`, or `r1`, `r2`, … for those that resume it. */
export const run = z.string().regex(/^(first|r[1-9]\d{0,2})$/);
