import { connectStage } from "./client/stage-connection.ts";
import type { CommandAnswer, CommandDefinition, StreamedAnswer } from "./commands/command.ts";
import type { CommandContext, CommandStreams } from "./commands/command-context.ts";
import { ListenerNotRemoved } from "./listener/event-listener.ts";
import { CommandFailed, failureOf } from "./output/command-failed.ts";
import { type ExitCode, exitCodes } from "./output/exit-codes.ts";
import { progressOn } from "./output/progress.ts";
import { integraProgram, shownByCommander } from "./program.ts";

/** What the command line runs in. */
export interface Surroundings extends Pick<CommandContext, "env" | "signal" | "outputsFile" | "now" | "sleep"> {
  streams: CommandStreams;
}

/**
 * Runs one command line.
 * @param args without the names of Node and of the program
 * @returns the exit code
 * @throws the signal's reason if it fires before the command has ended
 */
export async function runIntegra(args: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.done;
  const program = integraProgram(async (definition, given, common) => {
    exitCode = await runCommand(definition, given, common, surroundings);
  }, surroundings.streams);
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    const shown = shownByCommander(error);
    if (shown === undefined) throw error;
    const { message, exitCode: code } = shown;
    if (code !== exitCodes.done && args.includes("--json"))
      writeJson(surroundings.streams, failureOf(new CommandFailed(message, { exitCode: code })));
    return code;
  }
}

async function runCommand(
  definition: CommandDefinition,
  given: unknown,
  common: Record<string, unknown>,
  surroundings: Surroundings,
): Promise<ExitCode> {
  const context = contextOf(common, surroundings);
  const { json, progress, print, streams, signal } = context;
  try {
    const answer = await definition.run(context, given);
    progress.clear();
    if (!json && answer.text !== "") print(answer.text);
    if (json && isWhole(answer)) writeJson(streams, answer.value);
    return answer.exitCode ?? exitCodes.done;
  } catch (error) {
    progress.clear();
    if (signal.aborted) {
      // What a stopped command leaves behind must be said, because nobody else knows of it.
      if (error instanceof ListenerNotRemoved) streams.errors.write(`${error.message}: ${error.action}\n`);
      throw signal.reason;
    }
    const failure = failureOf(error);
    const { message, action, requestId } = failure.error;
    const call = requestId === null ? "" : ` (call ${requestId})`;
    streams.errors.write(`${message}${call}${action === null ? "" : `\nTo do: ${action}`}\n`);
    if (json) writeJson(streams, failure);
    return error instanceof CommandFailed ? error.exitCode : exitCodes.failed;
  }
}

function contextOf(common: Record<string, unknown>, surroundings: Surroundings): CommandContext {
  const { streams, now } = surroundings;
  const json = common["json"] === true;
  const print = (line: string) => {
    if (!json) streams.output.write(`${line}\n`);
  };
  return {
    ...surroundings,
    json,
    print,
    printEach: (value, text) => {
      if (json) streams.output.write(`${JSON.stringify(value)}\n`);
      else print(text);
    },
    progress: progressOn(streams.errors, now),
    stage: () => connectStage(common, surroundings),
  };
}

const isWhole = (answer: CommandAnswer<unknown> | StreamedAnswer): answer is CommandAnswer<unknown> =>
  answer.value !== undefined;

const writeJson = ({ output }: CommandStreams, value: unknown): void => {
  output.write(`${JSON.stringify(value, null, 2)}\n`);
};
