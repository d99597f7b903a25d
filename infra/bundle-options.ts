import { join } from "node:path";
import type { BuildOptions } from "esbuild";
import { leanSdk } from "./lean-sdk.ts";
import { leanUndici } from "./lean-undici.ts";
import { compileTakeLines } from "./web-assembly.ts";

const repository = join(import.meta.dirname, "..");

/**
 * Files of undici that bundles leave out. It reads them only for a request whose body is a FormData, and on processors without
 * SIMD. If a function comes to such a file after all, `require` fails with the file's path.
 */
const unusedFiles = ["web/*", "llhttp/llhttp-wasm.js"].map((path) => `./node_modules/undici/lib/${path}`);

/** How esbuild bundles code for Lambda. Paths are relative to the repository. */
export const bundleOptions = {
  absWorkingDir: repository,
  bundle: true,
  // node_modules may be a link to a folder elsewhere, whose place must not be in the bundles.
  preserveSymlinks: true,
  platform: "node",
  target: "node24",
  // Node loads more for an `import` of its own modules than for `require`: also each part of them that waits to be used.
  format: "cjs",
  mainFields: ["module", "main"],
  alias: {
    "@aws-sdk/credential-provider-node": "./functions/platform/lambda/environment-credentials.ts",
    "@smithy/core/event-streams": "./functions/platform/lambda/no-event-streams.ts",
  },
  external: unusedFiles,
  plugins: [leanSdk, leanUndici],
  define: {
    TAKE_LINES_WASM: JSON.stringify(compileTakeLines()),
    // undici's own name for "this is a bundle". It then leaves its second, experimental parser out.
    esbuildDetection: "true",
    // @medplum/core reads these two constants when it is loaded. For the global `WebSocket` Node would load its own copy of undici.
    "WebSocket.CLOSING": "2",
    "WebSocket.CLOSED": "3",
  },
  minify: true,
  logLevel: "warning",
} satisfies BuildOptions;
