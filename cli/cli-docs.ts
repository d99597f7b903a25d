import type { Command } from "commander";
import * as z from "zod";
import type { CommandDefinition } from "./commands/command.ts";
import { failureAnswer } from "./output/command-failed.ts";
import { exitCodeMeanings, exitCodes } from "./output/exit-codes.ts";
import { commands, integraProgram, isGroup } from "./program.ts";

const schemaFile = "cli.schema.json";

/** Renders docs/cli.md and the JSON Schemas of what `--json` prints, by their paths from the repository's root. */
export function renderCliDocs(): Map<string, string> {
  const sections = commands.flatMap((item) =>
    isGroup(item)
      ? [`## ${item.noun}\n`, `${item.summary}.\n`, ...item.commands.map((inner) => sectionOf(inner, item.noun))]
      : [sectionOf(item)],
  );
  return new Map([
    ["docs/cli.md", [introduction(), ...sections].join("\n")],
    [`docs/${schemaFile}`, `${JSON.stringify(answerSchemas(), null, 2)}\n`],
  ]);
}

/** Each command with its name, such as "export list". */
export function namedCommands(): { name: string; definition: CommandDefinition }[] {
  return commands.flatMap((item) =>
    isGroup(item)
      ? item.commands.map((definition) => ({ name: `${item.noun} ${ownName(definition)}`, definition }))
      : [{ name: ownName(item), definition: item }],
  );
}

const ownName = ({ usage }: CommandDefinition): string => usage.split(" ")[0] ?? usage;

function answerSchemas(): object {
  const schemas = namedCommands().map(({ name, definition }) => [name, definition.answer] as const);
  const $defs = Object.fromEntries(
    [...schemas, ["failure", failureAnswer] as const].flatMap(([name, schema]) => {
      // References count from the root of the file, so definitions move there.
      const { $schema: _, $defs: definitions = {}, ...rest } = z.toJSONSchema(schema);
      return [[name, rest] as const, ...Object.entries(definitions)];
    }),
  );
  return { $schema: "https://json-schema.org/draft/2020-12/schema", title: "What integra prints with --json", $defs };
}

function sectionOf(definition: CommandDefinition, noun?: string): string {
  const name = noun === undefined ? ownName(definition) : `${noun} ${ownName(definition)}`;
  const heading = noun === undefined ? "##" : "###";
  return `${heading} ${name}\n\n\`\`\`text\n${helpOf(name.split(" ")).trim()}\n\`\`\`\n`;
}

/** The help of a command without the common options, which the page lists once. */
function helpOf(path: readonly string[]): string {
  const written: string[] = [];
  const stream = { write: (text: string) => written.push(text) };
  const program = integraProgram(() => Promise.resolve(), { output: stream, errors: stream });
  let command: Command | undefined = program;
  for (const name of path) command = command?.commands.find((inner) => inner.name() === name);
  command?.configureHelp({ showGlobalOptions: false, helpWidth: 100 });
  command?.outputHelp();
  return written.join("");
}

function introduction(): string {
  const codes = Object.entries(exitCodes).map(
    ([name, code]) => `| ${code} | ${exitCodeMeanings[name as keyof typeof exitCodeMeanings]} |`,
  );
  return `# The command line

\`npm run docs\` generates this page from the help of the commands. A test compares it with them.

Run \`npx integra\` in the project's folder after \`npm ci\`. It runs under the project's own Node.

- **The stage.** \`--stage prod\` names a deployed stage. The variable \`INTEGRA_STAGE\` does, too. Without them the commands use the local stage, if
  \`npx integra local\` runs.
- **Credentials.** The commands use the ordinary chain of AWS credentials: variables, profiles (\`--profile\`), single sign-on, roles. They sign each
  call of the API. If the stage has the setting \`api.jwt\`, \`--token-file\` names a file with a token instead.
- **Rights.** Commands of \`export\`, \`ccd\`, \`patients\` and \`links\` call the API only. They read its URL from the outputs of the stage's api stack. With
  \`--api-url\` they need no right but \`execute-api:Invoke\`. The other commands use AWS itself.
- **Output.** The answer goes to standard output, progress to standard error: a bar in a terminal, plain lines elsewhere. With \`--json\`
  standard output has one JSON object, also if the command fails. [${schemaFile}](${schemaFile}) has a schema for each command, and
  \`failure\` for a failed one.
- **Ctrl-C** ends the command, and removes what it made for itself. What it started at AWS goes on, and the command says how to see it again.
- **Patients and secrets.** No option takes demographics, a patient's id, a token or a secret, because a shell's history and the list of processes
  would keep them. The commands ask for them at a terminal. Otherwise they read standard input or a file.

## Exit codes

| code | meaning |
| --- | --- |
${codes.join("\n")}

## Common options

\`\`\`text
${helpOf([]).split("Options:\n")[1]?.split("\n\nCommands:")[0] ?? ""}
\`\`\`
`;
}
