import { readFileSync } from "node:fs";
import { join } from "node:path";

const definitions = join(import.meta.dirname, "..", "..", "..", "state-machines");

/** What a task that calls a function writes into its `Retry`, instead of the retriers that all of them have in common. */
const sharedRetriers = "${FunctionRetriers}";

/**
 * A definition from state-machines/ with its placeholders filled in. Texts become CloudFormation references. A number
 * replaces its placeholder and the quotes around it, because the Amazon States Language wants numbers there.
 * @throws Error if a placeholder has no value, or a value has no placeholder
 */
export function stateMachineDefinition(
  file: string,
  values: { texts: Record<string, string>; numbers: Record<string, number> },
): string {
  const source = definitionSource(file);
  const placeholders = new Set(placeholdersIn(source));
  const given = { ...values.texts, ...values.numbers };
  const missing = [...placeholders].filter((name) => !(name in given));
  const unused = Object.keys(given).filter((name) => !placeholders.has(name));
  if (missing.length > 0 || unused.length > 0) {
    throw new Error(
      `${file}: placeholders without a value: [${missing.join()}]; values without a placeholder: [${unused.join()}]`,
    );
  }
  return source
    .replace(/"\$\{(\w+)\}"/g, (quoted, name: string) => String(values.numbers[name] ?? quoted))
    .replace(/\$\{(\w+)\}/g, (_, name: string) => values.texts[name] as string);
}

/** The placeholders of a definition that need a value, in the order of their first use. */
export const definitionPlaceholders = (file: string): string[] => [...new Set(placeholdersIn(definitionSource(file)))];

const placeholdersIn = (source: string): string[] =>
  [...source.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name as string);

/** A definition as compact JSON. The retriers of `function-retriers.json` stand where a task refers to them. */
function definitionSource(file: string): string {
  const retriers = readJson("function-retriers.json") as unknown[];
  const withRetriers = (value: unknown): unknown =>
    Array.isArray(value) ? value.flatMap((item) => (item === sharedRetriers ? retriers : [item])) : value;
  return JSON.stringify(readJson(file), (_, value: unknown) => withRetriers(value));
}

const readJson = (file: string): unknown => JSON.parse(readFileSync(join(definitions, file), "utf8"));
