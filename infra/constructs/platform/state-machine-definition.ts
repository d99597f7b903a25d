import { readFileSync } from "node:fs";
import { join } from "node:path";

const definitions = join(import.meta.dirname, "..", "..", "..", "state-machines");

/**
 * A definition from state-machines/ with its placeholders filled in. Texts become CloudFormation references. A number
 * replaces its placeholder and the quotes around it, because the Amazon States Language wants numbers there.
 * @throws Error if a placeholder has no value, or a value has no placeholder
 */
export function stateMachineDefinition(
  file: string,
  values: { texts: Record<string, string>; numbers: Record<string, number> },
): string {
  const source = readFileSync(join(definitions, file), "utf8");
  const placeholders = new Set([...source.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name as string));
  const given = { ...values.texts, ...values.numbers };
  const missing = [...placeholders].filter((name) => !(name in given));
  const unused = Object.keys(given).filter((name) => !placeholders.has(name));
  if (missing.length > 0 || unused.length > 0) {
    throw new Error(
      `${file}: placeholders without a value: [${missing.join()}]; values without a placeholder: [${unused.join()}]`,
    );
  }
  const compact = JSON.stringify(JSON.parse(source));
  return compact
    .replace(/"\$\{(\w+)\}"/g, (quoted, name: string) => String(values.numbers[name] ?? quoted))
    .replace(/\$\{(\w+)\}/g, (_, name: string) => values.texts[name] as string);
}
