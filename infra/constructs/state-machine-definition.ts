import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * A definition from state-machines/ with its placeholders filled in. Texts become CloudFormation references; numbers
 * replace their quoted placeholder whole, because the language wants numbers there.
 * @throws Error where placeholders and substitutions are not the same set
 */
export function stateMachineDefinition(
  file: string,
  substitutions: { texts: Record<string, string>; numbers: Record<string, number> },
): string {
  const source = readFileSync(join(import.meta.dirname, "..", "..", "state-machines", file), "utf8");
  const used = new Set([...source.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name as string));
  const given = { ...substitutions.texts, ...substitutions.numbers };
  const missing = [...used].filter((name) => !(name in given));
  const unused = Object.keys(given).filter((name) => !used.has(name));
  if (missing.length > 0 || unused.length > 0) {
    throw new Error(
      `${file}: placeholders without a value: [${missing.join()}]; values without a placeholder: [${unused.join()}]`,
    );
  }
  const compact = JSON.stringify(JSON.parse(source));
  return compact
    .replace(/"\$\{(\w+)\}"/g, (quoted, name: string) => String(substitutions.numbers[name] ?? quoted))
    .replace(/\$\{(\w+)\}/g, (_, name: string) => substitutions.texts[name] as string);
}
