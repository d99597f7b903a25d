import * as z from "zod";

/** Whether each value of a schema has a field at a path. A missing one fails the execution, and no Catch helps. */
export function isField(schema: z.ZodType | undefined, [name, ...fields]: string[]): boolean {
  if (name === undefined) return schema !== undefined && !schema.isOptional();
  return schema instanceof z.ZodObject && isField(schema.shape[name] as z.ZodType | undefined, fields);
}
