import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Plugin } from "esbuild";

const withoutFiles = join(import.meta.dirname, "../functions/platform/lambda/no-config-files.ts");

/**
 * A plugin for esbuild that leaves out of a bundle what the AWS SDK's clients bring along for no operation of the function.
 * The files are no public interface. Tests say so if an upgrade of the SDK changes them so that the plugin finds nothing.
 */
export const leanSdk: Plugin = {
  name: "lean-sdk",
  setup(build) {
    build.onLoad(
      { filter: /@aws-sdk[/\\]client-[\w-]+[/\\]dist-es[/\\]schemas[/\\]schemas_\d+\.js$/ },
      async ({ path }) => ({
        contents: withLiteralKeys(await readFile(path, "utf8")),
      }),
    );
    // A client takes only its version from there, for the User-Agent.
    build.onLoad({ filter: /@aws-sdk[/\\]client-[\w-]+[/\\]package\.json$/ }, async ({ path }) => {
      const { version } = JSON.parse(await readFile(path, "utf8"));
      return { contents: JSON.stringify({ version }), loader: "json" };
    });
    // The one import by which a client reads its settings.
    build.onResolve({ filter: /^\.\.\/shared-ini-file-loader\/loadSharedConfigFiles$/ }, () => ({
      path: withoutFiles,
    }));
  },
};

/**
 * The text of a module with the keys of its objects as literals, if they are constants of this module: `{ [_h]: 1 }` becomes
 * `{ "http": 1 }` after `const _h = "http";`. esbuild keeps an object with a computed key even if nothing uses it, because
 * computing the key may have an effect. A client has the schemas of all its operations in such objects.
 */
export function withLiteralKeys(source: string): string {
  const declarations = source.matchAll(/^const (\w+) = ("[^"\\\n]*");$/gm);
  const texts = new Map([...declarations].map(([, name, text]) => [name, text]));
  return source.replace(/\[(\w+)\]:/g, (key, name) => (texts.has(name) ? `${texts.get(name)}:` : key));
}
