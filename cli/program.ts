import { Command, CommanderError, Option } from "commander";
import { ccd } from "./commands/ccd.ts";
import type { CommandDefinition, CommandGroup } from "./commands/command.ts";
import type { CommandStreams } from "./commands/command-context.ts";
import { completionOf } from "./commands/completion.ts";
import { doctor } from "./commands/doctor.ts";
import { events } from "./commands/events.ts";
import { exports } from "./commands/exports.ts";
import { keys } from "./commands/keys.ts";
import { links } from "./commands/links.ts";
import { local } from "./commands/local.ts";
import { patients } from "./commands/patients.ts";
import { session } from "./commands/session.ts";
import { smoke } from "./commands/smoke.ts";
import type { CompletedCommand } from "./output/completion-script.ts";
import { type ExitCode, exitCodes } from "./output/exit-codes.ts";

/** The options of every command. */
export const commonOptions: readonly Option[] = [
  new Option("--stage <stage>", "a deployed stage; default: INTEGRA_STAGE, otherwise the local stage if it runs"),
  new Option("--profile <name>", "a profile of your AWS configuration"),
  new Option("--region <region>", "the AWS region of the stage"),
  new Option("--api-url <url>", "the URL of the API; default: the output of the stage's api stack"),
  new Option("--token-file <file>", "a file with a token for the API, if the stage has the setting api.jwt"),
  new Option("--json", "print one JSON object on standard output"),
];

const helpWidth = 100;

/** All commands, in the order of the help. */
export const commands: readonly (CommandDefinition | CommandGroup)[] = [
  exports,
  ccd,
  patients,
  links,
  events,
  session,
  keys,
  doctor,
  smoke,
  local,
  completionOf(() => completedProgram()),
];

/** Runs a command with what the command line gives it: its arguments and options by their names, and the common options. */
export type RunCommand = (
  definition: CommandDefinition,
  given: Record<string, unknown>,
  common: Record<string, unknown>,
) => Promise<void>;

/**
 * The command line as commander reads it.
 * @param run is called for the command that the user names
 */
export function integraProgram(run: RunCommand, streams: Pick<CommandStreams, "output" | "errors">): Command {
  const program = new Command("integra").description("Drive integra-bridge: on a deployed stage, or on the local one");
  for (const option of commonOptions) program.addOption(option);
  for (const item of commands)
    if (isGroup(item)) {
      const noun = program.command(item.noun).description(item.summary);
      for (const definition of item.commands) addCommand(noun, definition, run);
    } else addCommand(program, item, run);
  for (const command of [program, ...descendants(program)])
    command
      .exitOverride()
      .showHelpAfterError("(--help explains the command)")
      .configureHelp({ showGlobalOptions: command !== program, helpWidth })
      .configureOutput({
        writeOut: (text) => streams.output.write(text),
        writeErr: (text) => streams.errors.write(text),
      })
      .helpCommand(false);
  return program;
}

/** What commander has shown already: the help, or a fault of the command line; undefined if it is another error. */
export function shownByCommander(error: unknown): { message: string; exitCode: ExitCode } | undefined {
  if (!(error instanceof CommanderError)) return undefined;
  const { code, message } = error;
  return { message, exitCode: code === "commander.helpDisplayed" ? exitCodes.done : exitCodes.notUnderstood };
}

export const isGroup = (item: CommandDefinition | CommandGroup): item is CommandGroup => "noun" in item;

function addCommand(parent: Command, definition: CommandDefinition, run: RunCommand): void {
  const command = parent.command(definition.usage).description(definition.summary);
  const { details } = definition;
  if (details !== undefined)
    command.addHelpText("after", () => `\n${command.createHelp().boxWrap(details, helpWidth)}`);
  for (const option of definition.options ?? []) command.addOption(option);
  command.action(async () => {
    const names = command.registeredArguments.map((argument) => argument.name());
    const given = Object.fromEntries(names.map((name, index) => [name, command.args[index]]));
    const own = command.opts<Record<string, unknown>>();
    const common = command.optsWithGlobals<Record<string, unknown>>();
    await run(definition, { ...given, ...own }, common);
  });
}

const descendants = (command: Command): Command[] =>
  command.commands.flatMap((inner) => [inner, ...descendants(inner)]);

/** The program as completion needs it. */
function completedProgram(): CompletedCommand {
  const completed = commands.map((item) =>
    isGroup(item)
      ? {
          name: item.noun,
          summary: item.summary,
          options: [],
          values: [],
          commands: item.commands.map(completedCommand),
        }
      : completedCommand(item),
  );
  return { name: "integra", summary: "", options: commonOptions, values: [], commands: completed };
}

function completedCommand({ usage, summary, options = [], values = [] }: CommandDefinition): CompletedCommand {
  return { name: usage.split(" ")[0] ?? usage, summary, options, values, commands: [] };
}
