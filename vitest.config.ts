import { defineConfig } from "vitest/config";

const globalSetup = ["test/scratch-folder.ts"];

export default defineConfig({
  test: {
    reporters: ["default", "./test/guarantees-reporter.ts", "./test/totals-reporter.ts"],
    projects: [
      {
        test: {
          name: "unit",
          globalSetup,
          include: ["test/{unit,workflow,contracts,infra}/**/*.test.ts"],
          testTimeout: 20_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "integration",
          globalSetup,
          include: ["test/integration/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          fileParallelism: false,
          // After the others: each file runs an AWS of its own, on all the cores there are.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
