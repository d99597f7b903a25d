import type { Readable } from "node:stream";
import type { StageConnection } from "../client/stage-connection.ts";
import type { Progress, ProgressOutput } from "../output/progress.ts";

/** The streams of a command: a process's own, or others in tests. */
export interface CommandStreams {
  input: Readable & { isTTY?: boolean | undefined };
  output: ProgressOutput;
  errors: ProgressOutput;
}

/** Everything that a command uses of the world. */
export interface CommandContext {
  streams: CommandStreams;
  env: Record<string, string | undefined>;
  /** Fires on Ctrl-C and SIGTERM. */
  signal: AbortSignal;
  /** Where `npm run local` says how it is reached. */
  outputsFile: string;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Rejects with the signal's reason if the signal fires before. */
  sleep: (ms: number) => Promise<void>;
  progress: Progress;
  /** Prints a line of the answer at once. With `--json` it prints nothing: the answer has the same. */
  print: (line: string) => void;
  /** Prints an item of a command that streams: with `--json` the value as one line, otherwise the text. */
  printEach: (value: unknown, text: string) => void;
  /** Whether the answer is printed as JSON. */
  json: boolean;
  /** The stage that the command line, the environment or the running local stage names. */
  stage: () => Promise<StageConnection>;
}
