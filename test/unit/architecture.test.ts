import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, posix, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { wings } from "#functions/wings.ts";

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

const wingNames = ["bulk-export", "ccd-retrieval", "client-keys", "on-demand-api", "user-session"] as const;

const foldersIn = (folder: string): string[] =>
  readdirSync(join(root, folder)).filter((name) => statSync(join(root, folder, name)).isDirectory());

/** The steps of the wings: their folders that have a handler, such as `bulk-export/poll-export`. */
const steps = wingNames.flatMap((wing) =>
  foldersIn(`functions/${wing}`)
    .filter((name) => existsSync(join(root, "functions", wing, name, "handler.ts")))
    .map((name) => `${wing}/${name}`),
);

/**
 * The modules of other wings that a wing may import: the API and the retrieval use user sessions, the API starts retrievals and exports and
 * looks at the client's keys, and a new client key is tried with the token request of bulk export.
 */
const doors: Record<(typeof wingNames)[number], string[]> = {
  "bulk-export": [],
  "ccd-retrieval": ["user-session/"],
  "client-keys": ["bulk-export/server/backend-client.ts"],
  "on-demand-api": [
    "user-session/",
    "ccd-retrieval/entry.ts",
    "ccd-retrieval/reading-entry.ts",
    "ccd-retrieval/language/",
    "bulk-export/entry.ts",
    "bulk-export/language/",
    "client-keys/entry.ts",
    "client-keys/language/",
  ],
  "user-session": [],
};

/** What of the platform has no I/O: types, schemas, faults, arithmetic. */
const purePlatform = [
  "platform/bucket/long-record.ts",
  "platform/client-key/client-secret.ts",
  "platform/client-key/key-lifetimes.ts",
  "platform/client-key/public-jwk.ts",
  "platform/faults/",
  "platform/fhir/",
  "platform/findings/",
  "platform/html/",
  "platform/pacing/",
  "platform/registry.ts",
  "platform/bucket/object-keys.ts",
  "platform/bus/event-language.ts",
  "platform/lambda/wing-metrics.ts",
  "platform/executions/explained-failure.ts",
  "platform/executions/is-over.ts",
  "platform/ledger/ledger-keys.ts",
  "platform/http/network-addresses.ts",
  "platform/http/reading/",
];

/** Imports of ours that `allowed` does not allow, as "file -> target". */
function violations(files: string[], allowed: (to: string, typesOnly: boolean) => boolean): string[] {
  return files.flatMap((file) =>
    importsOf(readFileSync(join(root, file), "utf8")).flatMap(({ specifier, typesOnly }) => {
      const to = target(file, specifier);
      return to === undefined || allowed(to, typesOnly) ? [] : [`${file} -> ${to}${typesOnly ? "" : " (values)"}`];
    }),
  );
}

/** Whether a file is one of these files or is in one of these folders below functions/. */
const within = (to: string, ...places: readonly string[]): boolean =>
  places.some((place) => to.startsWith(`functions/${place}`));

describe("who may import whom", () => {
  it("the parser finds imports of every form", () => {
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
    expect(steps.length).toBeGreaterThan(20);
    const known = sources("functions").flatMap((file) => importsOf(readFileSync(join(root, file), "utf8")));
    expect(known.length).toBeGreaterThan(200);
  });

  it("every import of our own code leads to a file", () => {
    const lost = sources("functions").flatMap((file) =>
      importsOf(readFileSync(join(root, file), "utf8")).flatMap(({ specifier }) => {
        const to = target(file, specifier);
        return to === undefined || existsSync(join(root, to)) ? [] : [`${file} -> ${specifier}`];
      }),
    );
    expect(lost).toEqual([]);
  });

  it("functions/ has the wings, the platform, and the registry that composes them", () => {
    expect(foldersIn("functions").toSorted()).toEqual([...wingNames, "platform"].toSorted());
    expect(sources("functions").filter((file) => file.split("/").length === 2)).toEqual(["functions/wings.ts"]);
    const declared = wings.map(({ name }) => name);
    expect(declared.toSorted()).toEqual([...wingNames, "platform"].toSorted());
  });

  it.each(wingNames)("%s imports only itself, the platform and the modules that are open to it", (wing) => {
    const allowed = (to: string): boolean => within(to, `${wing}/`, "platform/", ...doors[wing]);
    expect(violations(sources(`functions/${wing}`), allowed)).toEqual([]);
  });

  it("the platform imports no wing", () => {
    expect(violations(sources("functions/platform"), (to) => within(to, "platform/"))).toEqual([]);
  });

  it.each(steps)("the handler of %s imports no other step", (step) => {
    const files = sources(`functions/${step}`).filter((file) => file.endsWith("/handler.ts"));
    const others = steps.filter((other) => other !== step).map((other) => `${other}/`);
    expect(violations(files, (to) => !within(to, ...others))).toEqual([]);
  });

  it.each(steps)("the step of %s imports values only from itself, the languages and pure platform code", (step) => {
    const files = sources(`functions/${step}`).filter((file) => !file.endsWith("/handler.ts"));
    const others = steps.filter((other) => other !== step).map((other) => `${other}/`);
    const allowed = (to: string, typesOnly: boolean): boolean =>
      !within(to, ...others) &&
      !to.endsWith("/handler.ts") &&
      (typesOnly ||
        within(to, `${step}/`, ...purePlatform) ||
        wingNames.some((name) => within(to, `${name}/language/`)));
    expect(violations(files, allowed)).toEqual([]);
  });

  it.each(wingNames)("the language of %s imports languages and platform code without I/O", (wing) => {
    const languages = wingNames.map((name) => `${name}/language/`);
    const allowed = (to: string, typesOnly: boolean): boolean =>
      within(to, ...languages, ...purePlatform) || (typesOnly && within(to, "platform/"));
    expect(violations(sources(`functions/${wing}/language`), allowed)).toEqual([]);
  });

  it.each(wingNames)("the code that the steps of %s share imports none of them", (wing) => {
    const shared = sources(`functions/${wing}`).filter((file) => !steps.some((step) => within(file, `${step}/`)));
    expect(violations(shared, (to) => !steps.some((step) => within(to, `${step}/`)))).toEqual([]);
  });

  it("no wing and no platform code imports the registry of wings", () => {
    const files = [...wingNames, "platform"].flatMap((name) => sources(`functions/${name}`));
    expect(violations(files, (to) => to !== "functions/wings.ts")).toEqual([]);
  });

  it("infra imports only languages and pure platform code from functions/", () => {
    const languages = wingNames.map((name) => `${name}/language/`);
    const allowed = (to: string): boolean =>
      to.startsWith("infra/") ||
      ["console/config.ts", "console/security-policy.ts"].includes(to) ||
      within(to, "wings.ts", ...languages, ...purePlatform);
    expect(violations(sources("infra"), allowed)).toEqual([]);
  });

  it("what a browser gets of the console imports only itself, and types of the API's language", () => {
    const files = filesBelow("console/src").filter((file) => /\.tsx?$/.test(file));
    expect(files.length).toBeGreaterThan(20);
    const found = violations(
      files,
      (to, typesOnly) =>
        to.startsWith("console/src/") ||
        (typesOnly && (to === "console/config.ts" || within(to, "on-demand-api/language/"))),
    );
    expect(found).toEqual([]);
  });

  it("deployed code imports neither tests nor the local environment", () => {
    const deployed = [...sources("functions"), ...sources("infra")];
    expect(violations(deployed, (to) => !/^(?:test|local|cli)\//.test(to))).toEqual([]);
  });
});

describe("how things are named", () => {
  const ours = ["functions", "infra", "local", "cli", "console", "test", "state-machines"]
    .flatMap(filesBelow)
    .filter((file) => !file.includes("node_modules"));

  it("no file or folder is named as a collection of helpers", () => {
    const drawers = ours.filter((file) =>
      /(?:^|[/.-])(?:utils?|helpers?|common|managers?|misc)(?:[/.-]|$)/i.test(file),
    );
    expect(drawers).toEqual([]);
  });

  it.each(steps)("the folder %s has the step with its name", (step) => {
    expect(existsSync(join(root, "functions", step, `${posix.basename(step)}.ts`))).toBe(true);
  });

  it("no folder has a barrel file", () => {
    expect(ours.filter((file) => /(?:^|\/)index\.ts$/.test(file))).toEqual([]);
  });
});
