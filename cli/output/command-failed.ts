import * as z from "zod";
import { type ExitCode, exitCodes } from "./exit-codes.ts";

interface FailureOptions extends ErrorOptions {
  exitCode?: ExitCode;
  /** What the user has to do; absent if the message says so. */
  action?: string | undefined;
  /** The status of the API's answer, and its id of the call. */
  status?: number | undefined;
  requestId?: string | undefined;
}

/** The command cannot do what it was started for. The message is for people. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
  readonly exitCode: ExitCode;
  readonly action: string | undefined;
  readonly status: number | undefined;
  readonly requestId: string | undefined;

  constructor(message: string, options: FailureOptions = {}) {
    super(message, options);
    this.exitCode = options.exitCode ?? exitCodes.failed;
    this.action = options.action;
    this.status = options.status;
    this.requestId = options.requestId;
  }
}

/** The command line or the input is wrong. */
export const notUnderstood = (message: string): CommandFailed =>
  new CommandFailed(message, { exitCode: exitCodes.notUnderstood });

/** Whether the API could not answer, so that what the command started may go on. */
export const isUnavailable = (error: unknown): boolean =>
  error instanceof CommandFailed && error.exitCode === exitCodes.unavailable;

/** What `--json` prints if a command fails. */
export const failureAnswer = z.strictObject({
  error: z.strictObject({
    message: z.string(),
    action: z.string().nullable().describe("What to do; null if the message says so."),
    exitCode: z.int(),
    status: z.int().nullable().describe("The HTTP status of the API's answer; null if the API did not answer."),
    requestId: z.string().nullable().describe("The API's id of the call; null if the API did not answer."),
  }),
});

export type FailureAnswer = z.infer<typeof failureAnswer>;

/** An error as `--json` prints it. */
export function failureOf(error: unknown): FailureAnswer {
  const known = error instanceof CommandFailed ? error : undefined;
  return {
    error: {
      message: causes(error).join(", because: "),
      action: known?.action ?? null,
      exitCode: known?.exitCode ?? exitCodes.failed,
      status: known?.status ?? null,
      requestId: known?.requestId ?? null,
    },
  };
}

function causes(error: unknown): string[] {
  if (error instanceof AggregateError) return error.errors.flatMap(causes);
  if (!(error instanceof Error)) return [String(error)];
  // A refused connection has no message of its own.
  const own = error.message === "" ? error.name : error.message;
  return [own, ...(error.cause === undefined ? [] : causes(error.cause))];
}
