import { availableParallelism } from "node:os";
import { defineConfig, type Plugin } from "vitest/config";
import { compileTakeLines, takeLinesInputs } from "./infra/web-assembly.ts";

const globalSetup = ["test/scratch-folder.ts"];

/** Vitest leaves one core alone, which is half of a machine with two. */
const maxWorkers = availableParallelism();

const usesWasm = (code: string): boolean => code.includes("TAKE_LINES_WASM");

/** Puts the WebAssembly where bundling puts it. It is compiled only if a test imports a module that uses it. */
const webAssembly: Plugin = {
  name: "web-assembly",
  transform: (code) =>
    usesWasm(code) ? code.replaceAll("TAKE_LINES_WASM", JSON.stringify(compileTakeLines())) : undefined,
  // Vitest keeps transformed modules. Without this it would not notice that the WebAssembly has changed.
  configureVitest: ({ defineCacheKeyGenerator }) =>
    defineCacheKeyGenerator(({ sourceCode }) => (usesWasm(sourceCode) ? takeLinesInputs() : undefined)),
};

export default defineConfig({
  test: {
    projects: [
      {
        plugins: [webAssembly],
        test: {
          name: "unit",
          globalSetup,
          include: ["test/{unit,workflow,contracts}/**/*.test.ts"],
          maxWorkers,
          // The files of a worker share its modules: loading them anew took longer than the tests. No test replaces a
          // module, and what one sets in the environment is gone with it.
          isolate: false,
          unstubEnvs: true,
          // The log lines of the code under test would hide the report.
          env: { POWERTOOLS_LOG_LEVEL: "SILENT" },
          // Property tests that take 5 s here take ten times as long on a busy machine. A time-out only ends what hangs.
          testTimeout: 180_000,
          hookTimeout: 180_000,
          expect: { poll: { timeout: 60_000 } },
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "infra",
          globalSetup,
          include: ["test/infra/**/*.test.ts"],
          maxWorkers,
          // The CDK takes seconds to load.
          isolate: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "integration",
          globalSetup,
          include: ["test/integration/**/*.test.ts"],
          // Each file runs an AWS of its own, and waits for it half of the time.
          maxWorkers: Math.max(2, Math.floor(maxWorkers / 2)),
          // The CDK is loaded, and the functions are bundled, once a worker.
          isolate: false,
          // Time-outs only end what hangs. The first hook of a fresh clone also installs the local AWS.
          testTimeout: 300_000,
          hookTimeout: 600_000,
          expect: { poll: { timeout: 120_000 } },
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
