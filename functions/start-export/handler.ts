import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import * as z from "zod";
import { exportTrigger } from "#contracts/triggers.ts";
import { environment } from "#runtime/environment.ts";
import { log } from "#runtime/log.ts";
import { step } from "#runtime/step.ts";
import { type StartExportPorts, startExport } from "./start-export.ts";

const variables = z.object({ STATE_MACHINE_ARN: z.string().min(1) });
const started = z.object({ exportId: z.string(), duplicate: z.boolean() });

export const handler = step(exportTrigger, started, () => {
  const { STATE_MACHINE_ARN } = environment(variables);
  return startExport({ start: executionStarter(new SFNClient(), STATE_MACHINE_ARN), log });
});

function executionStarter(stepFunctions: SFNClient, stateMachineArn: string): StartExportPorts["start"] {
  return async (name, input) => {
    try {
      await stepFunctions.send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }));
      return undefined;
    } catch (error) {
      if (!(error instanceof ExecutionAlreadyExists)) throw error;
      const executionArn = `${stateMachineArn.replace(":stateMachine:", ":execution:")}:${name}`;
      const existing = await stepFunctions.send(new DescribeExecutionCommand({ executionArn }));
      return { existingInput: JSON.parse(existing.input ?? "null") };
    }
  };
}
