import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  ListExecutionsCommand,
  ListMapRunsCommand,
  SFNClient,
} from "@aws-sdk/client-sfn";
import { clientSettings, type LocalBridge } from "#local/local-bridge.ts";

/** The counts of one execution's history. */
export interface ExecutionFigures {
  /** How often each state was entered. The local AWS records it only for parents. */
  statesEntered: Map<string, number>;
  /** Calls of Lambda functions, including repeated ones. */
  calls: number;
  /** The largest input or output in the history, in bytes of UTF-8. */
  largestPayload: number;
}

const childrenInFlight = 8;

/** The figures of an export's execution, and those of each of its Distributed Maps' children. */
export async function executionFigures(
  { aws, outputs }: LocalBridge,
  exportId: string,
): Promise<{ parent: ExecutionFigures; children: ExecutionFigures[] }> {
  const stepFunctions = new SFNClient(clientSettings(aws));
  const executionArn = `${outputs.exportStateMachineArn.replace(":stateMachine:", ":execution:")}:${exportId}`;
  const { mapRuns = [] } = await stepFunctions.send(new ListMapRunsCommand({ executionArn }));
  const arns: string[] = [];
  for (const { mapRunArn } of mapRuns) arns.push(...(await childrenOf(stepFunctions, mapRunArn)));
  const children: ExecutionFigures[] = [];
  const reader = async (): Promise<void> => {
    for (let arn = arns.pop(); arn !== undefined; arn = arns.pop()) children.push(await figuresOf(stepFunctions, arn));
  };
  await Promise.all(Array.from({ length: childrenInFlight }, reader));
  return { parent: await figuresOf(stepFunctions, executionArn), children };
}

async function childrenOf(stepFunctions: SFNClient, mapRunArn: string | undefined): Promise<string[]> {
  const arns: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await stepFunctions.send(new ListExecutionsCommand({ mapRunArn, maxResults: 1000, nextToken }));
    for (const { executionArn } of page.executions ?? []) if (executionArn !== undefined) arns.push(executionArn);
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return arns;
}

async function figuresOf(stepFunctions: SFNClient, executionArn: string): Promise<ExecutionFigures> {
  const { input, output } = await stepFunctions.send(new DescribeExecutionCommand({ executionArn }));
  const figures: ExecutionFigures = {
    statesEntered: new Map(),
    calls: 0,
    largestPayload: Math.max(bytesOf(input), bytesOf(output)),
  };
  let nextToken: string | undefined;
  do {
    const page = await stepFunctions.send(
      new GetExecutionHistoryCommand({ executionArn, maxResults: 1000, nextToken, includeExecutionData: true }),
    );
    for (const event of page.events ?? []) count(event, figures);
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return figures;
}

function count(event: HistoryEvent, figures: ExecutionFigures): void {
  const entered = event.stateEnteredEventDetails?.name;
  if (entered !== undefined) figures.statesEntered.set(entered, (figures.statesEntered.get(entered) ?? 0) + 1);
  // Lambda functions named by their ARN are "LambdaFunctionScheduled" on AWS and "TaskScheduled" on the local AWS.
  if (event.type === "LambdaFunctionScheduled" || event.type === "TaskScheduled") figures.calls += 1;
  for (const details of Object.values(event))
    figures.largestPayload = Math.max(figures.largestPayload, payload(details));
}

/** The larger of the input and the output in the details of an event; 0 if it has neither. */
function payload(details: unknown): number {
  if (typeof details !== "object" || details === null) return 0;
  const { input, output } = details as { input?: unknown; output?: unknown };
  return Math.max(bytesOf(input), bytesOf(output));
}

const bytesOf = (text: unknown): number => (typeof text === "string" ? Buffer.byteLength(text) : 0);
