import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, posix, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

interface Import {
  specifier: string;
  typesOnly: boolean;
}

const importPattern =
  /(?:^|[\n;])\s*(?:import|export)\s+(type\s+)?(?:([^"';]*?)\s+from\s+)?["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/g;

/** The imports and re-exports of a module, and whether each brings types only. */
function importsOf(source: string): Import[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  return [...code.matchAll(importPattern)].map(([, type, clause, specifier, dynamic]) => {
    const names = /^\{([\s\S]*)\}$/
      .exec(clause?.trim() ?? "")?.[1]
      ?.split(",")
      .map((name) => name.trim())
      .filter(Boolean);
    const eachIsAType = names !== undefined && names.length > 0 && names.every((name) => name.startsWith("type "));
    return { specifier: specifier ?? dynamic ?? "", typesOnly: type !== undefined || eachIsAType };
  });
}

function filesBelow(folder: string): string[] {
  const path = join(root, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true, encoding: "utf8" }).map((file) =>
    posix.join(folder, file.replaceAll("\\", "/")),
  );
}

const sources = (folder: string): string[] => filesBelow(folder).filter((file) => file.endsWith(".ts"));

const aliases = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { imports: Record<string, string> })
  .imports;

/** The file of ours that a specifier means, from the root; undefined for packages and Node's own modules. */
function target(file: string, specifier: string): string | undefined {
  if (specifier.startsWith(".")) return relative(root, resolve(root, dirname(file), specifier)).replaceAll("\\", "/");
  const alias = Object.entries(aliases).find(([pattern]) => specifier.startsWith(pattern.replace("*", "")));
  if (alias === undefined) return undefined;
  const [pattern, path] = alias;
  return posix.normalize(path.replace("*", specifier.slice(pattern.length - 1)));
}

const adapters = ["integra", "landing", "ledger", "announcements", "executions", "documents"] as const;
const shared = [...adapters, "workflow", "runtime", "contracts"] as const;

const folders = readdirSync(join(root, "functions")).filter((name) =>
  statSync(join(root, "functions", name)).isDirectory(),
);
const stepFolders = folders.filter((name) => !(shared as readonly string[]).includes(name));

/** Imports of ours that `allowed` does not allow, as "file -> target". */
function violations(files: string[], allowed: (to: string, typesOnly: boolean) => boolean): string[] {
  return files.flatMap((file) =>
    importsOf(readFileSync(join(root, file), "utf8")).flatMap(({ specifier, typesOnly }) => {
      const to = target(file, specifier);
      return to === undefined || allowed(to, typesOnly) ? [] : [`${file} -> ${to}${typesOnly ? "" : " (values)"}`];
    }),
  );
}

const within = (to: string, ...names: readonly string[]): boolean =>
  names.some((name) => to.startsWith(`functions/${name}/`));

describe("who may import whom", () => {
  it("finds imports at all: the parser is not blind", () => {
    const code = `
      import "a"; import type { B } from "b"; import { type C, type D } from "c"
      import e, { type F } from 'e'; import * as g from "g"; export { h } from "h"; export type { I } from "i";
      import {
        type J,
        k,
      } from "j";
      const l = await import("l");
      // import "commented"; /* import "out" */
    `;
    expect(importsOf(code).map(({ specifier, typesOnly }) => `${specifier}${typesOnly ? " types" : ""}`)).toEqual([
      "a",
      "b types",
      "c types",
      "e",
      "g",
      "h",
      "i types",
      "j",
      "l",
    ]);
    expect(stepFolders.length).toBeGreaterThan(5);
    const known = sources("functions").flatMap((file) => importsOf(readFileSync(join(root, file), "utf8")));
    expect(known.length).toBeGreaterThan(200);
  });

  it("every import of ours leads to a file", () => {
    const lost = sources("functions").flatMap((file) =>
      importsOf(readFileSync(join(root, file), "utf8")).flatMap(({ specifier }) => {
        const to = target(file, specifier);
        return to === undefined || existsSync(join(root, to)) ? [] : [`${file} -> ${specifier}`];
      }),
    );
    expect(lost).toEqual([]);
  });

  it.each(stepFolders)("%s: its handler wires its own step with the shared folders, and nothing else", (folder) => {
    const files = sources(`functions/${folder}`).filter((file) => file.endsWith("/handler.ts"));
    expect(violations(files, (to) => within(to, folder, ...shared))).toEqual([]);
  });

  it.each(stepFolders)(
    "%s: its step imports contracts, the workflow's rules and its own files, and only types of what it is handed",
    (folder) => {
      const files = sources(`functions/${folder}`).filter((file) => !file.endsWith("/handler.ts"));
      const allowed = (to: string, typesOnly: boolean): boolean =>
        (within(to, folder) && !to.endsWith("/handler.ts")) ||
        within(to, "contracts", "workflow") ||
        (typesOnly && within(to, ...adapters, "runtime"));
      expect(violations(files, allowed)).toEqual([]);
    },
  );

  it.each([...adapters, "workflow"])("%s imports contracts only, and packages", (folder) => {
    expect(violations(sources(`functions/${folder}`), (to) => within(to, folder, "contracts"))).toEqual([]);
  });

  it("contracts import nothing of ours but contracts", () => {
    expect(violations(sources("functions/contracts"), (to) => within(to, "contracts"))).toEqual([]);
  });

  it("runtime knows no step", () => {
    expect(violations(sources("functions/runtime"), (to) => within(to, ...adapters, "runtime", "contracts"))).toEqual(
      [],
    );
  });

  it("infra imports contracts only of what runs in Lambda", () => {
    expect(violations(sources("infra"), (to) => to.startsWith("infra/") || within(to, "contracts"))).toEqual([]);
  });

  it("nothing that is deployed imports tests or the local environment", () => {
    const deployed = [...sources("functions"), ...sources("infra")];
    expect(violations(deployed, (to) => !/^(?:test|local|cli)\//.test(to))).toEqual([]);
  });
});

describe("how things are named", () => {
  const ours = ["functions", "infra", "local", "cli", "test", "state-machines"]
    .flatMap(filesBelow)
    .filter((file) => !file.includes("node_modules"));

  it("nothing is a drawer for anything", () => {
    const drawers = ours.filter((file) =>
      /(?:^|[/.-])(?:utils?|helpers?|common|managers?|misc)(?:[/.-]|$)/i.test(file),
    );
    expect(drawers).toEqual([]);
  });

  it.each(stepFolders)("%s has a handler and the step of its own name", (folder) => {
    expect(existsSync(join(root, "functions", folder, "handler.ts"))).toBe(true);
    expect(existsSync(join(root, "functions", folder, `${folder}.ts`))).toBe(true);
  });

  it("no file only passes on what others hold", () => {
    expect(ours.filter((file) => /(?:^|\/)index\.ts$/.test(file))).toEqual([]);
  });
});
