import { hash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative, resolve } from "node:path";
import { buildSync } from "esbuild";
import { compileTakeLines } from "./web-assembly.ts";

const repository = join(import.meta.dirname, "..");
const functionsFolder = join(repository, "functions");

/** What Lambda gets of a function, and what stays here. */
export interface FunctionBundle {
  /** The folder that Lambda gets. It has only `index.mjs` in it. */
  folder: string;
  /** The first 12 hexadecimal digits of the SHA-256 of `index.mjs`. Each log line of the function has it as `build`. */
  build: string;
  /** The source map of `index.mjs`, as JSON. Its sources are paths from the repository's root. */
  sourceMap: string;
  /** The modules whose code is in the bundle, as paths from the repository's root. Modules without code in it are not among them. */
  modules: string[];
}

let bundles: Map<string, FunctionBundle> | undefined;

/**
 * The bundle of a function. The first call bundles all functions in one run of esbuild: a run for each function would slow
 * every deployment down.
 * @param name the name of the function's folder, wherever it is below functions/
 * @throws Error if there is no such function
 */
export function functionBundle(name: string): FunctionBundle {
  bundles ??= bundleAll();
  const bundle = bundles.get(name);
  if (bundle === undefined) throw new Error(`no folder ${name} with a handler.ts is below functions/`);
  return bundle;
}

/** The bundle with this `build`; undefined if these sources make none. */
export function bundleOfBuild(build: string): FunctionBundle | undefined {
  return functionNames()
    .map((name) => functionBundle(name))
    .find((bundle) => bundle.build === build);
}

/** The names of the Lambda functions. Each folder below functions/ with a handler is one, and gives it its name. */
export function functionNames(): string[] {
  return [...functionFolders().keys()].toSorted();
}

/**
 * The folder of each function by its name, relative to functions/: `bulk-export/poll-export`.
 * @throws Error if two functions have the same name
 */
function functionFolders(): Map<string, string> {
  const folders = readdirSync(functionsFolder, { recursive: true, encoding: "utf8" })
    .filter((path) => basename(path) === "handler.ts")
    .map((path) => dirname(path))
    .toSorted();
  const byName = new Map(folders.map((folder) => [basename(folder), folder]));
  if (byName.size < folders.length) throw new Error(`two functions have the same name: ${folders.join(", ")}`);
  return byName;
}

/**
 * Files of undici that bundles leave out. It reads them only for a request whose body is a FormData, and on processors without
 * SIMD. If a function comes to such a file after all, `require` fails with the file's path.
 */
const unusedFiles = ["web/*", "llhttp/llhttp-wasm.js"].map((path) => `./node_modules/undici/lib/${path}`);

/** Where the bundles would be. Nothing is written there: paths in the bundles begin here, and may not depend on the machine. */
const outdir = join(repository, "bundles");

/** Bundles all functions. The same sources make the same bytes in every folder, so that a deployment changes only what changed. */
function bundleAll(): Map<string, FunctionBundle> {
  const parent = mkdtempSync(join(tmpdir(), "integra-bridge-functions-"));
  process.on("exit", () => rmSync(parent, { recursive: true, force: true }));
  const { outputFiles, metafile } = buildSync({
    absWorkingDir: repository,
    entryPoints: [...functionFolders()].map(([name, path]) => ({
      in: join(functionsFolder, path, "handler.ts"),
      out: join(name, "index"),
    })),
    outdir,
    outExtension: { ".js": ".mjs" },
    write: false,
    metafile: true,
    bundle: true,
    // node_modules may be a link to a folder elsewhere, whose place must not be in the bundles.
    preserveSymlinks: true,
    platform: "node",
    target: "node24",
    format: "esm",
    mainFields: ["module", "main"],
    alias: {
      "@aws-sdk/credential-provider-node": "./functions/platform/lambda/environment-credentials.ts",
      "@smithy/core/event-streams": "./functions/platform/lambda/no-event-streams.ts",
    },
    external: unusedFiles,
    define: {
      TAKE_LINES_WASM: JSON.stringify(compileTakeLines()),
      // undici's own name for "this is a bundle". It then leaves its second, experimental parser out.
      esbuildDetection: "true",
    },
    minify: true,
    // Node reads a map at the start of a function that has one, before anything has failed. `npm run map-stack` reads it instead.
    sourcemap: "external",
    sourcesContent: false,
    // Some dependencies are CommonJS and call `require` for Node's own modules.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: "warning",
  });
  const texts = new Map(outputFiles.map(({ path, text }) => [path, text]));
  return new Map(
    functionNames().map((name) => {
      const output = join(outdir, name, "index.mjs");
      const code = texts.get(output) ?? "";
      const folder = join(parent, name);
      mkdirSync(folder);
      writeFileSync(join(folder, "index.mjs"), code);
      const inputs = Object.entries(metafile.outputs[relative(repository, output)]?.inputs ?? {});
      return [
        name,
        {
          folder,
          build: hash("sha256", code).slice(0, 12),
          sourceMap: withPortableSources(output, texts.get(`${output}.map`) ?? ""),
          modules: inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path),
        },
      ];
    }),
  );
}

/** A source map whose sources are paths from the repository's root, wherever the repository is. */
function withPortableSources(path: string, text: string): string {
  const map = JSON.parse(text) as { sources: string[] };
  const sources = map.sources.map((source) => relative(repository, resolve(dirname(path), source)));
  return JSON.stringify({ ...map, sources });
}
