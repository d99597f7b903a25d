import { createInterface, type Interface } from "node:readline";
import { Writable } from "node:stream";
import type { CommandStreams } from "../commands/command-context.ts";
import { notUnderstood } from "../output/command-failed.ts";

/** Asks a person at a terminal. What is typed is in no history of a shell, and in no list of processes. */
export interface Prompts {
  ask: (question: string) => Promise<string>;
  /** Asks for a secret, which is not shown. */
  askHidden: (question: string) => Promise<string>;
}

/**
 * Lets `use` ask on a command's streams. Questions go to standard error, so that standard output has the answer only.
 * @throws the signal's reason if it fires before there is an answer; CommandFailed (64) if the input ends before
 */
export async function withPrompts<Result>(
  { input, errors }: CommandStreams,
  signal: AbortSignal,
  use: (prompts: Prompts) => Promise<Result>,
): Promise<Result> {
  let shown = true;
  const output = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (shown) errors.write(chunk.toString());
      done();
    },
  });
  const lines = createInterface({ input, output, terminal: input.isTTY === true });
  // Readline takes Ctrl-C from the terminal. It is handed back, so that it ends the command.
  lines.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  signal.addEventListener("abort", () => lines.close(), { once: true });
  let open = true;
  lines.once("close", () => {
    open = false;
  });
  const next = nextLine(lines, signal);
  const prompt = (question: string): void => {
    // Answers that were pasted together may outlast the input.
    if (!open) return;
    lines.setPrompt(`${question}: `);
    lines.prompt();
  };
  const ask = async (question: string): Promise<string> => {
    prompt(question);
    return (await next()).trim();
  };
  const askHidden = async (question: string): Promise<string> => {
    prompt(`${question} (not shown)`);
    shown = false;
    try {
      return (await next()).trim();
    } finally {
      shown = true;
      errors.write("\n");
    }
  };
  try {
    return await use({ ask, askHidden });
  } finally {
    lines.close();
  }
}

/** Reads line by line. Lines that were pasted together wait for their questions. */
function nextLine(lines: Interface, signal: AbortSignal): () => Promise<string> {
  const iterator = lines[Symbol.asyncIterator]();
  return async () => {
    const line = await iterator.next();
    signal.throwIfAborted();
    if (line.done === true) throw notUnderstood("the input ended before each question had an answer");
    return line.value;
  };
}
