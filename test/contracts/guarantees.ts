import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAst } from "vitest/node";

/*
 * docs/reliability.md names the tests that hold each guarantee, and docs/aws.md those that stand for what only AWS shows, as
 * [file](../test/…) "title". This file reads these references, and reads from the source of a test whether it runs and
 * asserts something.
 */

/** A reference from a page to a test. */
export interface Reference {
  /** From the repository's root, such as `test/unit/architecture.test.ts`. */
  file: string;
  /** As the source has it, with the placeholders of `each`. */
  title: string;
}

const repository = join(import.meta.dirname, "..", "..");
const referencePattern = /\[([\w.-]+)\]\(\.\.\/(test\/[\w./-]+\.test\.ts)\) "([^"]+)"/g;

/** A row of a page's tables, with the tests that it names. */
export interface Guarantee {
  /** The first cell. */
  guarantee: string;
  references: Reference[];
}

const isRow = (line: string): boolean => line.startsWith("| ") && !line.startsWith("| ---");

/** The rows of a page's tables, without their heads. */
export function guaranteesOf(page: string): Guarantee[] {
  const lines = page.split("\n");
  const rows = lines.filter((line, index) => isRow(line) && !lines[index + 1]?.startsWith("| ---"));
  return rows.map((row) => ({
    guarantee: row.split(" | ", 1).join("").replace("| ", ""),
    references: [...row.matchAll(referencePattern)].map(([, , file = "", title = ""]) => ({ file, title })),
  }));
}

const pageOf = (name: string): string => readFileSync(join(repository, "docs", name), "utf8");

/** The pages that name tests, and their rows. */
export const pages = {
  "reliability.md": guaranteesOf(pageOf("reliability.md")),
  "aws.md": guaranteesOf(pageOf("aws.md")),
} as const;

/** Each test that a page names, with the page. */
export const namedTests = Object.entries(pages).flatMap(([page, rows]) =>
  rows.flatMap(({ references }) => references.map((reference) => ({ ...reference, page }))),
);

/** Whether the name of a test that ran is this title, with its placeholders filled in. */
export function isTitleOf(title: string, name: string): boolean {
  const pattern = title
    .split(/%[sdifjoOc#$]|\$[\w.]+/)
    .map((text) => text.replaceAll("%%", "%").replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`))
    .join(".*");
  return new RegExp(`^${pattern}$`, "s").test(name);
}

/** A test as its source has it. */
export interface DeclaredTest {
  title: string;
  /** Whether neither the test nor a `describe` around it is skipped, conditional or without a body. */
  runs: boolean;
  /** Whether its body calls `expect`, a function named `expect…`, `fc.assert` or `sameBytes`. */
  asserts: boolean;
}

export const testsOfFile = (file: string): DeclaredTest[] => testsOf(readFileSync(join(repository, file), "utf8"));

/** The tests that a source declares with the `it` and `test` of vitest. */
export function testsOf(source: string): DeclaredTest[] {
  const program = parseAst(source, { lang: "ts" }) as unknown as Node;
  const vitestNames = new Set(childrenOf(program).flatMap(namesFromVitest));
  const found: DeclaredTest[] = [];
  const visit = (node: Node, isSkipped: boolean): void => {
    const call = node.type === "CallExpression" ? declarationOf(node, vitestNames) : undefined;
    if (call === undefined) {
      for (const child of childrenOf(node)) visit(child, isSkipped);
      return;
    }
    const skipped =
      isSkipped || call.modifiers.some((name) => !["each", "for", "concurrent", "sequential"].includes(name));
    if (call.kind === "describe") {
      for (const child of call.rest) visit(child, skipped);
      return;
    }
    const body = call.rest.find(({ type }) => type.endsWith("FunctionExpression"));
    found.push({
      title: call.title,
      runs: !skipped && body !== undefined,
      asserts: body !== undefined && asserts(body),
    });
  };
  visit(program, false);
  return found;
}

interface Node {
  type: string;
  [field: string]: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";

const childrenOf = (node: Node): Node[] => Object.values(node).flat().filter(isNode);

/** The names under which a top-level statement imports `it`, `test` and `describe`. */
function namesFromVitest(statement: Node): string[] {
  if (statement.type !== "ImportDeclaration" || (statement["source"] as Node)["value"] !== "vitest") return [];
  return (statement["specifiers"] as Node[]).map(({ local }) => String((local as Node)["name"]));
}

interface Declaration {
  kind: "describe" | "test";
  title: string;
  modifiers: string[];
  /** The arguments behind the title. */
  rest: Node[];
}

/** A call as a declaration: `it(title, …)`, `it.each(table)(title, …)`, `describe.skip(title, …)`. */
function declarationOf(call: Node, vitestNames: ReadonlySet<string>): Declaration | undefined {
  const [root, ...modifiers] = pathOf(call["callee"] as Node);
  if (root === undefined || !vitestNames.has(root) || !["it", "test", "describe"].includes(root)) return undefined;
  const [titleNode, ...rest] = call["arguments"] as Node[];
  const title = titleNode === undefined ? undefined : textOf(titleNode);
  if (title === undefined) return undefined;
  return { kind: root === "describe" ? "describe" : "test", title, modifiers, rest };
}

/** `it.each(table)` and `it.each` as ["it", "each"]; nothing for what does not begin with a name. */
function pathOf(callee: Node): string[] {
  if (callee.type === "Identifier") return [String(callee["name"])];
  if (callee.type === "CallExpression") return pathOf(callee["callee"] as Node);
  if (callee.type === "TaggedTemplateExpression") return pathOf(callee["tag"] as Node);
  if (callee.type !== "MemberExpression") return [];
  const path = pathOf(callee["object"] as Node);
  return path.length === 0 ? [] : [...path, String((callee["property"] as Node)["name"])];
}

function textOf(node: Node): string | undefined {
  if (node.type === "Literal" && typeof node["value"] === "string") return node["value"];
  const quasis = node.type === "TemplateLiteral" ? (node["quasis"] as { value: { cooked: string } }[]) : [];
  return quasis.length === 1 ? quasis[0]?.value.cooked : undefined;
}

function asserts(node: Node): boolean {
  if (node.type === "CallExpression") {
    const path = pathOf(node["callee"] as Node);
    if (path.some((name) => name.startsWith("expect") || name === "sameBytes") || path.join(".") === "fc.assert")
      return true;
  }
  return childrenOf(node).some(asserts);
}
