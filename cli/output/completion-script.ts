import type { Option } from "commander";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** A command, or commands under a noun, as completion needs them. */
export interface CompletedCommand {
  name: string;
  summary: string;
  options: readonly Option[];
  /** The values of its argument, if they are known. */
  values: readonly string[];
  commands: readonly CompletedCommand[];
}

/**
 * A script by which a shell completes the commands, their options, and the values of options with a closed list.
 * @param root the program itself; its options belong to every command
 */
export function completionScript(shell: Shell, root: CompletedCommand): string {
  if (shell === "fish") return fishScript(root);
  const loading = shell === "zsh" ? ["autoload -U +X bashcompinit && bashcompinit"] : [];
  return [...loading, ...bashLines(root), ""].join("\n");
}

/** What can follow: words, or the values of the option that stands before. */
interface Place {
  /** "export list"; "" for the program itself. */
  path: string;
  words: string[];
  values: { flag: string; words: string[] }[];
}

function placesOf(root: CompletedCommand, path = "", command = root): Place[] {
  const options = command === root ? root.options : [...command.options, ...root.options];
  const flags = options.flatMap(({ long }) => (long ? [long] : []));
  const names = command.commands.map(({ name }) => name);
  const values = options.flatMap(({ long, argChoices }) => {
    // A shell would take a value with a space for two.
    const words = (argChoices ?? []).filter((choice) => !choice.includes(" "));
    return long && words.length > 0 ? [{ flag: long, words }] : [];
  });
  const place = { path, words: [...names, ...command.values, ...flags, "--help"], values };
  return [place, ...command.commands.flatMap((inner) => placesOf(root, `${path} ${inner.name}`.trim(), inner))];
}

function bashLines(root: CompletedCommand): string[] {
  const places = placesOf(root);
  const paths = places.filter(({ path }) => path !== "").map(({ path }) => `"${path}"`);
  const cases = places.flatMap(({ path, words, values }) => [
    ...values.map(({ flag, words: known }) => `    "${path}:${flag}") words="${known.join(" ")}" ;;`),
    `    "${path}:"*) words="${words.join(" ")}" ;;`,
  ]);
  return [
    `type ${root.name} >/dev/null 2>&1 || ${root.name}() { npx ${root.name} "$@"; }`,
    `_${root.name}() {`,
    '  local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" path="" next words index',
    "  for ((index = 1; index < COMP_CWORD; index++)); do",
    '    next="${path:+$path }${COMP_WORDS[index]}"',
    `    case "$next" in ${paths.join("|")}) path="$next" ;; esac`,
    "  done",
    '  case "$path:$before" in',
    ...cases,
    "  esac",
    '  COMPREPLY=($(compgen -W "$words" -- "$word"))',
    "}",
    `complete -o default -F _${root.name} ${root.name}`,
  ];
}

function fishScript(root: CompletedCommand): string {
  const lines = [
    `type -q ${root.name}; or function ${root.name}; npx ${root.name} $argv; end`,
    `complete -c ${root.name} -f`,
    ...root.options.map((option) => fishOption(root.name, "", option)),
    ...root.commands.flatMap((command) => fishCommand(root, command, undefined)),
  ];
  return `${lines.join("\n")}\n`;
}

function fishCommand(root: CompletedCommand, command: CompletedCommand, noun: CompletedCommand | undefined): string[] {
  const siblings = (noun ?? root).commands.map(({ name }) => name).join(" ");
  const inNoun = noun === undefined ? "" : `__fish_seen_subcommand_from ${noun.name}; and `;
  const here = noun === undefined ? "__fish_use_subcommand" : `${inNoun}not __fish_seen_subcommand_from ${siblings}`;
  const inside = `${inNoun}__fish_seen_subcommand_from ${command.name}`;
  return [
    `complete -c ${root.name} -n '${here}' -a ${command.name} -d ${fishText(command.summary)}`,
    ...command.options.map((option) => fishOption(root.name, inside, option)),
    ...command.values.map((value) => `complete -c ${root.name} -n '${inside}' -a ${value}`),
    ...command.commands.flatMap((inner) => fishCommand(root, inner, command)),
  ];
}

function fishOption(program: string, condition: string, { long, description, argChoices, required }: Option): string {
  const values = argChoices?.map((choice) => choice.replaceAll(" ", "\\ ")).join(" ");
  return [
    `complete -c ${program}`,
    ...(condition === "" ? [] : [`-n '${condition}'`]),
    `-l ${long?.slice(2)}`,
    `-d ${fishText(description)}`,
    ...(required ? ["-r"] : []),
    ...(values === undefined ? [] : [`-f -a ${fishText(values)}`]),
  ].join(" ");
}

const fishText = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
