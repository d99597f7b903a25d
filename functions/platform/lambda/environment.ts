import * as z from "zod";

/**
 * The function's settings from its environment, checked against a schema.
 * @throws Error naming every variable that is missing or malformed, in one message
 */
export function environment<Schema extends z.ZodObject>(
  schema: Schema,
  variables: Record<string, string | undefined> = process.env,
): z.infer<Schema> {
  const parsed = schema.safeParse(variables);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => {
    const name = issue.path.map(String).join(".");
    return variables[name] === undefined ? `${name} is missing` : `${name} is malformed (${issue.message})`;
  });
  throw new Error(`this function's environment is not complete: ${[...new Set(faults)].join("; ")}`);
}

/** A variable that holds JSON of the given shape. */
export function jsonVariable<T>(schema: z.ZodType<T>) {
  return z.string().transform((text, context): T => {
    try {
      const parsed = schema.safeParse(JSON.parse(text));
      if (parsed.success) return parsed.data;
      context.issues.push({ code: "custom", message: z.prettifyError(parsed.error), input: text });
    } catch {
      context.issues.push({ code: "custom", message: "not JSON", input: text });
    }
    return z.NEVER;
  });
}
