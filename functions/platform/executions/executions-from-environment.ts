import { SFNClient } from "@aws-sdk/client-sfn";
import * as z from "zod";
import { smallRequests } from "#platform/lambda/aws-client-settings.ts";
import { environment } from "#platform/lambda/environment.ts";
import { type Executions, executions } from "./executions.ts";

const executionVariables = z.object({ STATE_MACHINE_ARN: z.string().min(1) });

/** The executions of the state machine that the function's environment names. */
export function executionsFromEnvironment(): Executions {
  return executions(new SFNClient(smallRequests), environment(executionVariables).STATE_MACHINE_ARN);
}
