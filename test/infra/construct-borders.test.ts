import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { wings } from "#functions/wings.ts";

const infra = join(import.meta.dirname, "..", "..", "infra");

/** The folders below infra/constructs/, and whose constructs, settings and language each may import besides its own. */
const mayImport: Record<string, readonly string[]> = {
  platform: [],
  "bulk-export": ["platform"],
  "client-keys": ["platform", "bulk-export"],
  "user-session": ["platform"],
  "ccd-retrieval": ["platform", "user-session"],
  "on-demand-api": ["platform", "user-session", "ccd-retrieval", "bulk-export"],
};

/** The specifiers of a module's imports and re-exports, those of types too. */
function importsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const imports = /\b(?:import|export)\s(?:[^"';]*?\sfrom\s*)?["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/g;
  return [...code.matchAll(imports)].map(([, specifier, dynamic]) => specifier ?? dynamic ?? "");
}

const typescriptBelow = (folder: string): string[] =>
  readdirSync(join(infra, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => posix.join(folder, file.replaceAll("\\", "/")));

/** What a file of infra/ imports from infra/, as paths from there. */
const ownImports = (file: string): string[] =>
  importsOf(readFileSync(join(infra, file), "utf8"))
    .filter((specifier) => specifier.startsWith(".") || specifier.startsWith("#infra/"))
    .map((specifier) =>
      specifier.startsWith("#infra/")
        ? specifier.slice("#infra/".length)
        : relative(infra, resolve(infra, dirname(file), specifier)).replaceAll("\\", "/"),
    )
    .filter((path) => !path.startsWith("../"));

/** Imports that `allowed` does not allow, as "file -> target". */
const violations = (files: string[], allowed: (target: string) => boolean): string[] =>
  files.flatMap((file) =>
    ownImports(file)
      .filter((target) => !allowed(target))
      .map((target) => `${file} -> ${target}`),
  );

const constructs = typescriptBelow("constructs");

describe("the borders of infra/constructs", () => {
  test("the parser finds imports of every form", () => {
    const code = `
      import "./a.ts"; import type { B } from "./b.ts"; import { type C, d } from './c.ts'
      import {
        e,
      } from "./e.ts";
      export { f } from "./f.ts"; export type { G } from "./g.ts"; const h = await import("./h.ts");
      // import "./commented.ts"; /* import "./out.ts" */
    `;
    const found = ["a", "b", "c", "e", "f", "g", "h"].map((name) => `./${name}.ts`);
    expect(importsOf(code)).toEqual(found);
    expect(constructs.flatMap(ownImports).length).toBeGreaterThan(50);
  });

  test("every import leads to a file", () => {
    const lost = constructs.flatMap(ownImports).filter((target) => !existsSync(join(infra, target)));
    expect(lost).toEqual([]);
  });

  test("every construct belongs to a wing or to the platform, and each of them has constructs", () => {
    const owners = constructs.map((file) => file.split("/")[1]);
    expect([...new Set(owners)].toSorted()).toEqual(wings.map(({ name }) => name).toSorted());
    expect(Object.keys(mayImport).toSorted()).toEqual(wings.map(({ name }) => name).toSorted());
  });

  test("constructs do not import stacks, the app or the settings of all wings", () => {
    const found = violations(constructs, (target) => /^(constructs\/|settings\/|function-bundles\.ts$)/.test(target));
    expect(found).toEqual([]);
  });

  test.each(Object.entries(mayImport))("%s may import constructs of its own and of %j only", (owner, others) => {
    const folders = [owner, ...others].map((name) => `constructs/${name}/`);
    const allowed = (target: string): boolean =>
      !target.startsWith("constructs/") || folders.some((folder) => target.startsWith(folder));
    expect(violations(typescriptBelow(`constructs/${owner}`), allowed)).toEqual([]);
  });

  test.each(Object.entries(mayImport))("%s may import settings of its own and of %j only", (owner, others) => {
    // The settings of the server are for every wing that calls it.
    const server = owner === "platform" ? [] : ["integra"];
    const parts = new Set([owner, ...others, ...server].map((name) => `settings/${name}.ts`));
    const allowed = (target: string): boolean => !target.startsWith("settings/") || parts.has(target);
    expect(violations(typescriptBelow(`constructs/${owner}`), allowed)).toEqual([]);
  });

  test.each(Object.entries(mayImport))("%s may import language of its own and of %j only", (owner, others) => {
    const settings = typescriptBelow("settings").filter((file) => file === `settings/${owner}.ts`);
    const files = [...typescriptBelow(`constructs/${owner}`), ...settings];
    const otherWings = wings.map(({ name }) => name).filter((name) => ![owner, ...others, "platform"].includes(name));
    const imported = files.flatMap((file) => importsOf(readFileSync(join(infra, file), "utf8")));
    expect(imported.filter((specifier) => otherWings.some((name) => specifier.startsWith(`#${name}/`)))).toEqual([]);
  });

  test("the API knows ccd-retrieval only by the access that starts a retrieval", () => {
    const targets = typescriptBelow("constructs/on-demand-api")
      .flatMap(ownImports)
      .filter((target) => target.startsWith("constructs/ccd-retrieval/"));
    expect(targets).toEqual(["constructs/ccd-retrieval/start-access.ts"]);
  });

  test("the API knows bulk-export only by the access of the routes of exports", () => {
    const targets = typescriptBelow("constructs/on-demand-api")
      .flatMap(ownImports)
      .filter((target) => target.startsWith("constructs/bulk-export/"));
    expect(targets).toEqual(["constructs/bulk-export/exports-over-http.ts"]);
  });

  test("the settings of one wing do not import those of another", () => {
    expect(violations(typescriptBelow("settings"), (target) => target === "settings/server-url.ts")).toEqual([]);
  });
});
