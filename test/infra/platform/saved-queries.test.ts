import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { exportQueries } from "#infra/constructs/bulk-export/export-queries.ts";
import { ccdQueries } from "#infra/constructs/ccd-retrieval/ccd-queries.ts";
import { apiQueries } from "#infra/constructs/on-demand-api/api-queries.ts";
import { queryText, type SavedQuery } from "#infra/constructs/platform/saved-queries.ts";
import { synthesised } from "../synthesised.ts";

const functions = join(import.meta.dirname, "..", "..", "..", "functions");

const sources = readdirSync(functions, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.endsWith("log-codes.ts"))
  .map((file) => readFileSync(join(functions, file), "utf8"));

/** The fields that a log line of this code has, as the code that writes it names them. */
function fieldsOf(code: string): string[] {
  const calls = sources.flatMap((source) =>
    [...source.matchAll(new RegExp(`"${code}"\\s*,\\s*(\\{[^;]*?\\}|\\w+)\\s*\\)`, "g"))].map(([, fields = ""]) =>
      fields.startsWith("{") ? fields : (new RegExp(`const ${fields} = (\\{[^;]*\\});`).exec(source)?.[1] ?? ""),
    ),
  );
  return calls.flatMap((fields) => [...fields.matchAll(/\b(\w+)\b(?=\s*[,:}])/g)].map(([, name = ""]) => name));
}

/** What each line has: CloudWatch's own fields, the logger's, and the id that `exportStep` and `ccdStep` add. */
const everyLine = ["@timestamp", "level", "code", "message", "reason", "exportId", "requestId"];

/** The fields that the commands read: without functions, names that the query gives itself, and texts. */
function fieldsReadBy({ commands }: SavedQuery): string[] {
  const given = new Set(commands.flatMap((command) => [...command.matchAll(/ as (\w+)/g)].map(([, name]) => name)));
  const keywords = new Set(["fields", "filter", "stats", "sort", "limit", "by", "as", "desc", "asc"]);
  const words = commands.flatMap((command) => [
    ...command.replaceAll(/"[^"]*"/g, "").matchAll(/(?<!\d)@?[A-Za-z][\w.]*(?!\w*\()/g),
  ]);
  return words.map(([word]) => word).filter((word) => !keywords.has(word) && !given.has(word));
}

const queries: readonly SavedQuery[] = [...exportQueries, ...ccdQueries, ...apiQueries];

describe("saved queries", () => {
  test.each(queries.map((query) => [query.name, query] as const))("%s: the log lines have its fields", (_, query) => {
    const written = query.codes.flatMap(fieldsOf);
    expect(written.length > 0).toBe(query.codes.length > 0);
    for (const field of fieldsReadBy(query)) {
      const [top = ""] = field.split(".");
      expect([...everyLine, ...written]).toContain(top);
    }
  });

  test("the lines are chosen by their code, then come the commands", () => {
    expect(queryText({ codes: ["A", "B"], commands: ["fields @timestamp", "limit 5"] })).toBe(
      'filter code in ["A", "B"]\n| fields @timestamp\n| limit 5',
    );
  });

  test("each query reads the log groups of every function of its stack, except on the local AWS", () => {
    const synth = synthesised("prod");
    for (const [stack, of] of [
      ["export", exportQueries] as const,
      ["documents", ccdQueries] as const,
      ["api", apiQueries] as const,
    ]) {
      const groups = synth
        .resources("AWS::Logs::LogGroup", stack)
        .map(({ id }) => `<${id}>`)
        .filter((id) => id.endsWith("/Log>"));
      const found = synth.resources("AWS::Logs::QueryDefinition", stack).map(({ Properties }) => Properties);
      expect(found).toHaveLength(of.length);
      for (const { LogGroupNames } of found) expect(new Set(LogGroupNames as string[])).toEqual(new Set(groups));
    }
    expect(synthesised("local").resources("AWS::Logs::QueryDefinition")).toEqual([]);
  });
});
