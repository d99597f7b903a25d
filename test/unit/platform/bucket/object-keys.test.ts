import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { bucketPrefixes, keyPattern, keyPatterns, objectKey } from "#platform/bucket/object-keys.ts";

const template = "work/{exportId}/stop{ofRun}.json";

describe("the templates of keys", () => {
  test("a key is the template with its values", () => {
    expect(objectKey(template, { exportId: "e1", ofRun: "" })).toBe("work/e1/stop.json");
    expect(objectKey(template, { exportId: "e1", ofRun: "-r1" })).toBe("work/e1/stop-r1.json");
  });

  test("a value is never a template itself", () => {
    expect(objectKey(template, { exportId: "{ofRun}", ofRun: "$&" })).toBe("work/{ofRun}/stop$&.json");
  });

  test("a key without one of its values is refused", () => {
    const values = { exportId: "e1" } as { exportId: string; ofRun: string };
    expect(() => objectKey(template, values)).toThrow(`the key ${template} needs a value for ofRun`);
  });

  test("a pattern has a wildcard for each value that is not given", () => {
    expect(keyPattern(template)).toBe("work/*/stop*.json");
    expect(keyPattern(template, { ofRun: "" })).toBe("work/*/stop.json");
    expect(keyPatterns({ stop: template })).toEqual({ stop: "work/*/stop*.json" });
  });
});

const root = fileURLToPath(new URL("../../../../", import.meta.url));

/** The files that declare keys. */
const declared = new Set([
  "functions/platform/bucket/object-keys.ts",
  "functions/bulk-export/language/export-keys.ts",
  "functions/ccd-retrieval/language/ccd-keys.ts",
  "functions/on-demand-api/language/access-keys.ts",
]);

const literals = new RegExp(`["'\`](${Object.values(bucketPrefixes).join("|")})[^"'\`\\n]*["'\`]`, "g");

/** The keys that code writes out as texts. Comments may name them. */
const strayIn = (source: string): string[] =>
  [
    ...source
      .replace(/\/\*[\s\S]*?\*\//g, "")
      .replace(/(^|\s)\/\/.*$/gm, "")
      .matchAll(literals),
  ].map(([text]) => text);

describe("the keys of the landing bucket", () => {
  test("the search finds a key in a text of any form, and none in a comment", () => {
    const code = '/* `work/a` */ read(\'work/*/job.json\', `exports/${id}/x`); // "audit/x"\nwrite("ccds/1");';
    expect(strayIn(code)).toEqual(["'work/*/job.json'", "`exports/${id}/x`", '"ccds/1"']);
  });

  test("only the languages of the wings write keys out, so that functions and policies have the same ones", () => {
    const files = ["functions", "infra", "cli", "local"].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".ts"))
        .map((file) => `${folder}/${file}`),
    );
    expect(files.length).toBeGreaterThan(300);
    const stray = files
      .filter((file) => !declared.has(file))
      .flatMap((file) => strayIn(readFileSync(join(root, file), "utf8")).map((text) => `${file}: ${text}`));
    expect(stray).toEqual([]);
  });
});
