import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import * as z from "zod";
import type { CommandContext } from "../commands/command-context.ts";
import { notUnderstood } from "../output/command-failed.ts";
import { type Prompts, withPrompts } from "./prompts.ts";

/** The option of commands whose input is about a patient. */
export const fromOption = "--from <file>";

/**
 * Input that no command line may have, because a shell's history and the list of processes keep it: a JSON object from the file that
 * `--from` names, or from standard input if the file is `-` or no terminal is there. At a terminal a person is asked for it.
 * @throws CommandFailed (64) that names every fault. It repeats no value
 */
export async function readPersonalInput<Input>(
  { streams, signal }: Pick<CommandContext, "streams" | "signal">,
  {
    from,
    schema,
    ask,
  }: { from: string | undefined; schema: z.ZodType<Input>; ask: (prompts: Prompts) => Promise<object> },
): Promise<Input> {
  const isTyped = from === undefined && streams.input.isTTY === true;
  const given = isTyped ? await withPrompts(streams, signal, ask) : parseJson(await readSource(streams.input, from));
  const parsed = schema.safeParse(given, { error: missing });
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => [path.join("."), message].filter(Boolean).join(": "));
  throw notUnderstood(`the input is invalid: ${faults.join("; ")}`);
}

/** Zod's own words would speak of `undefined`. */
const missing: z.core.$ZodErrorMap = ({ code, input }) =>
  code === "invalid_type" && input === undefined ? "is missing" : undefined;

async function readSource(input: CommandContext["streams"]["input"], from = "-"): Promise<string> {
  if (from === "-") return await text(input);
  try {
    return await readFile(from, "utf8");
  } catch (cause) {
    throw notUnderstood(`${from} cannot be read: ${(cause as NodeJS.ErrnoException).code ?? String(cause)}`);
  }
}

function parseJson(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    // The parser's message quotes the input.
    throw notUnderstood("the input is not JSON: write one JSON object to standard input, or name its file by --from");
  }
}

/** The members that have a value. */
export function withoutEmpty(members: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== ""));
}
