import * as z from "zod";
import { type CompletedCommand, completionScript, shells } from "../output/completion-script.ts";
import { type CommandDefinition, defineCommand } from "./command.ts";

const completionAnswer = z.strictObject({ shell: z.enum(shells), script: z.string() });

/**
 * The command that prints a completion script.
 * @param readProgram returns the program with all of its commands, this one included
 */
export const completionOf = (readProgram: () => CompletedCommand): CommandDefinition =>
  defineCommand({
    usage: "completion <shell>",
    summary: "Print a script by which bash, zsh or fish completes the commands",
    details: [
      "The script also defines integra as a function that runs npx integra, unless there is a command with this name.",
      "bash: source <(npx integra completion bash)",
      "zsh: source <(npx integra completion zsh)",
      "fish: npx integra completion fish | source",
    ].join("\n"),
    values: shells,
    input: z.object({ shell: z.enum(shells, `must be one of ${shells.join(", ")}`) }),
    answer: completionAnswer,
    run: (_context, { shell }) => {
      const script = completionScript(shell, readProgram());
      return Promise.resolve({ value: { shell, script }, text: script.trimEnd() });
    },
  });
