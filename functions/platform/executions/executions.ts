import {
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  type SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";

/** An execution of a state machine, as Step Functions knows it. */
export interface KnownExecution {
  name: string;
  /** `ended` if it failed, was stopped, or ran out of time. */
  status: "running" | "succeeded" | "ended";
  /** What it was started with. */
  input: unknown;
  /** When it ended, in milliseconds since the epoch. Undefined while it runs. */
  endedAt?: number | undefined;
  /** How it ended, if its status is `ended`. */
  end?: ExecutionEnd | undefined;
}

/** How an execution ended that did not succeed, in the words of Step Functions. */
export interface ExecutionEnd {
  status: "FAILED" | "TIMED_OUT" | "ABORTED";
  error?: string | undefined;
  cause?: string | undefined;
}

/** The executions of one state machine. */
export interface Executions {
  /** Starts an execution. If one has this name already, it is returned instead. */
  start(name: string, input: unknown): Promise<KnownExecution | undefined>;
  /** The execution of this name; undefined if there is none. Step Functions forgets executions after 90 days. */
  find(name: string): Promise<KnownExecution | undefined>;
  /** Stops an execution. One that has ended stays as it is. */
  stop(name: string, cause: string): Promise<void>;
}

function knownExecution(
  name: string,
  { status, input = "null", stopDate, error, cause }: DescribeExecutionCommandOutput,
): KnownExecution {
  const known = { name, input: JSON.parse(input) as unknown, endedAt: stopDate?.getTime() };
  switch (status) {
    case "SUCCEEDED":
      return { ...known, status: "succeeded" };
    case "FAILED":
    case "TIMED_OUT":
    case "ABORTED":
      return { ...known, status: "ended", end: { status, error, cause } };
    default:
      // An execution that waits for its redrive counts as running: it may continue at any time.
      return { name, input: known.input, status: "running" };
  }
}

/** Executions through the AWS SDK. Each call throws the SDK's own error if Step Functions refuses it. */
export function executions(stepFunctions: SFNClient, stateMachineArn: string): Executions {
  const arnOf = (name: string): string => `${stateMachineArn.replace(":stateMachine:", ":execution:")}:${name}`;
  const find = async (name: string): Promise<KnownExecution | undefined> => {
    try {
      const found = await stepFunctions.send(new DescribeExecutionCommand({ executionArn: arnOf(name) }));
      return knownExecution(name, found);
    } catch (error) {
      if (error instanceof ExecutionDoesNotExist) return undefined;
      throw error;
    }
  };
  return {
    find,
    start: async (name, input) => {
      try {
        await stepFunctions.send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }));
        return undefined;
      } catch (error) {
        if (!(error instanceof ExecutionAlreadyExists)) throw error;
        const existing = await find(name);
        if (existing === undefined) throw error;
        return existing;
      }
    },
    stop: async (name, cause) => {
      await stepFunctions.send(new StopExecutionCommand({ executionArn: arnOf(name), error: "ExportStopped", cause }));
    },
  };
}
