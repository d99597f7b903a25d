import { Option } from "commander";
import * as z from "zod";
import { defineCommand } from "./command.ts";
import { jsonOption } from "./examination.ts";

const runningStage = z.strictObject({
  outputsFile: z
    .string()
    .describe("The file with every address, name and credential. It exists as long as the stage runs."),
  apiUrl: z.url(),
  consoleUrl: z.url().optional().describe("The console, if the stage has the simulator. It asks for no password."),
  awsEndpoint: z.url(),
  busName: z.string(),
  bucketName: z.string(),
});

export const local = defineCommand({
  usage: "local",
  summary: "Run the whole bridge on this machine until Ctrl-C",
  details:
    "It starts a local AWS and an IntegraConnect simulator, and deploys the stacks that a user deploys. Every other command finds this " +
    "stage by itself. With --json it prints one object as soon as the stage is ready, and runs on.",
  options: [
    new Option("--wait-scale <number>", "factor for the waits of Step Functions; 1 keeps their real length").default(
      "1",
    ),
    new Option("--settings <json>", "settings over those of stage local").default("{}"),
  ],
  input: z.object({
    waitScale: z.coerce.number("must be a number").positive("must be above 0"),
    settings: jsonOption,
  }),
  answer: runningStage,
  streams: true,
  run: async (context, { waitScale, settings }) => {
    // The simulator and what deploys take a while to load.
    const { keepLocalBridge } = await import("#local/keep-local-bridge.ts");
    const { outputsFile, env, json, print, printEach, progress, signal } = context;
    await keepLocalBridge(
      {
        waitScale,
        settings,
        outputsFile,
        env,
        report: json ? progress.note : print,
        ready: ({ apiUrl, consoleUrl, awsEndpoint, busName, bucketName }) => {
          const value = { outputsFile, apiUrl, ...(consoleUrl && { consoleUrl }), awsEndpoint, busName, bucketName };
          const console = consoleUrl === undefined ? "" : `console: ${consoleUrl} (no password)\n`;
          printEach(value, `outputs: ${outputsFile}\n${console}ready`);
        },
      },
      signal,
    );
    return { text: "" };
  },
});
