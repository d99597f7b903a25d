import * as z from "zod";

/**
 * The function's settings from its environment, checked against a schema.
 * @throws Error that names every missing or malformed variable in one message
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
  throw new Error(`the environment of this function cannot be used: ${[...new Set(faults)].join("; ")}`);
}

/** A variable that holds JSON, checked against a schema. */
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
