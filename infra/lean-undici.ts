import type { Plugin } from "esbuild";

/**
 * A plugin for esbuild that leaves undici's client of HTTP/2 out of a bundle. It would load Node's `http2` at each cold start, and
 * the bridge offers servers HTTP/1.1 only (functions/platform/http/connections.ts).
 */
export const leanUndici: Plugin = {
  name: "lean-undici",
  setup(build) {
    build.onLoad({ filter: /undici[/\\]lib[/\\]dispatcher[/\\]client-h2\.js$/ }, () => ({
      contents: `module.exports = () => { throw new Error("the bundles have no HTTP/2 (infra/lean-undici.ts)"); };`,
    }));
  },
};
