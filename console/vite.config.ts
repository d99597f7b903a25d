import { join } from "node:path";
import { defineConfig } from "vite";

/**
 * Builds the console into a folder that the caller names (`build-console.ts`). Nothing is put inline, so that its
 * Content-Security-Policy needs no exception. File names are hashes of the content, so the same sources make the same files.
 */
export default defineConfig({
  root: import.meta.dirname,
  publicDir: join(import.meta.dirname, "public"),
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // One script: the console is small, and each further file is a further request.
    cssCodeSplit: false,
    reportCompressedSize: false,
  },
});
