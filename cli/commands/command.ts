import type { Option } from "commander";
import type * as z from "zod";
import { notUnderstood } from "../output/command-failed.ts";
import type { ExitCode } from "../output/exit-codes.ts";
import type { CommandContext } from "./command-context.ts";

/** What a command prints on standard output, and how it ends. */
export interface CommandAnswer<Value> {
  /** Printed with `--json`. */
  value: Value;
  /** Printed without it. */
  text: string;
  /** Default: 0. */
  exitCode?: ExitCode | undefined;
}

/** The end of a command that streams: it printed its items already. */
export interface StreamedAnswer {
  value?: undefined;
  text: "";
  exitCode?: ExitCode | undefined;
}

/** A command as it is declared. */
interface CommandSpec<Input, Value> {
  /** The name and the arguments: "show <exportId>". */
  usage: string;
  /** One line. */
  summary: string;
  /** Further paragraphs of the help. */
  details?: string;
  options?: readonly Option[];
  /** The values of its argument, if they are known. */
  values?: readonly string[];
  /** The arguments and options, by their names in camel case. */
  input: z.ZodType<Input>;
  /** What `--json` prints. */
  answer: z.ZodType<Value>;
  /** Whether `--json` prints one object for each item, one a line, as long as the command runs. */
  streams?: true;
  run: (context: CommandContext, input: Input) => Promise<CommandAnswer<Value> | StreamedAnswer>;
}

/** A command that can be run with any input. It checks the input itself. */
export interface CommandDefinition extends Omit<CommandSpec<unknown, unknown>, "input" | "answer"> {
  answer: z.ZodType;
}

/** Commands under one noun. */
export interface CommandGroup {
  noun: string;
  summary: string;
  commands: readonly CommandDefinition[];
}

/**
 * A command whose input is checked.
 * @throws CommandFailed (64), from `run`, that names every fault of the input
 */
export function defineCommand<Input, Value>(spec: CommandSpec<Input, Value>): CommandDefinition {
  return {
    ...spec,
    run: async (context, given) => {
      const parsed = spec.input.safeParse(given);
      if (parsed.success) return await spec.run(context, parsed.data);
      const faults = parsed.error.issues.map(({ path, message }) => `${nameOf(path, spec.usage)}${message}`);
      throw notUnderstood(faults.join("\n"));
    },
  };
}

/** "<exportId> " of an argument, "--client-id " of the option "clientId". */
function nameOf([name]: readonly PropertyKey[], usage: string): string {
  if (name === undefined) return "";
  const argument = `<${String(name)}>`;
  if (usage.includes(argument)) return `${argument} `;
  return `--${String(name).replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} `;
}
