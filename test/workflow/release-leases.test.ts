import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DeleteItemCommandInput,
} from "@aws-sdk/client-dynamodb";
import { describe, expect, test } from "vitest";
import { executionName } from "#bulk-export/language/execution-names.ts";
import type { ExportContext } from "#bulk-export/language/export-state.ts";
import { takeLease } from "#bulk-export/take-lease/take-lease.ts";
import { sessionLeaseName } from "#ccd-retrieval/language/session-lease.ts";
import { takeSessionLease } from "#ccd-retrieval/take-session-lease/take-session-lease.ts";
import type { LeaseName } from "#platform/ledger/leases.ts";
import { type BridgeInMemory, bridgeInMemory, patientExport } from "#test/fixtures/bridge-in-memory.ts";
import { ownContext } from "#test/fixtures/ccds-in-memory.ts";
import { rendered, type State } from "./state-machine-files.ts";

/** An execution that takes a lease by its step, and the state that deletes the lease. */
interface Holder {
  execution: string;
  lease: LeaseName;
  take: (bridge: BridgeInMemory) => Promise<{ outcome: string }>;
  state: State;
  /** The state's input. */
  input: object;
}

const deleteNoJob = () => Promise.reject(new Error("take-lease deletes a job only if it takes a lease over"));

const inBulkExport = (context: ExportContext): Holder => ({
  execution: executionName(context),
  lease: context.request.level,
  take: (bridge) =>
    takeLease({ ...bridge, nonce: () => "n1", deleteJob: deleteNoJob })({ export: context }, bridge.stepContext),
  state: rendered("bulk-export.asl.json").States["Release lease"] as State,
  input: { export: context },
});

const holders: [name: string, holder: Holder][] = [
  ["the first execution of an export", inBulkExport(patientExport)],
  ["an execution that resumes an export", inBulkExport({ ...patientExport, run: "r1" })],
  [
    "a CCD request",
    {
      execution: ownContext.requestId,
      lease: sessionLeaseName(ownContext.sessionId),
      take: (bridge) => takeSessionLease({ ...bridge, nonce: () => "n1" })({ request: ownContext }, bridge.stepContext),
      state: rendered("ccd-retrieval.asl.json").States["Release session lease"] as State,
      input: { request: ownContext },
    },
  ],
];

const named = (execution: string) => ({ execution, exportId: execution, kickOff: "" });

/** Sends the state's request: DynamoDB's DeleteItem, with the parameters that the state derives from its input. */
async function release({ ledger }: BridgeInMemory, { state, input, execution }: Holder): Promise<void> {
  const parameters = withValues(state.Parameters, { input, context: { Execution: { Name: execution } } });
  await ledger.client.send(new DeleteItemCommand(parameters as DeleteItemCommandInput));
}

describe.each(holders)("%s", (_, holder) => {
  const { lease } = holder;

  test("the execution releases the lease that its step took, and another execution can take it", async () => {
    const bridge = bridgeInMemory();
    expect((await holder.take(bridge)).outcome).toBe("ours");
    await release(bridge, holder);
    expect(bridge.ledger.items.size).toBe(0);
    expect((await bridge.leases.take(lease, named("next"), "n2")).execution).toBe("next");
  });

  test("the execution does not release the lease of another execution", async () => {
    const bridge = bridgeInMemory();
    await bridge.leases.take(lease, named("another"), "n1");
    await expect(release(bridge, holder)).rejects.toThrow(ConditionalCheckFailedException);
    expect(await bridge.leases.isHeldBy(lease, "another")).toBe(true);
  });

  test("a release that is repeated after a lost answer does not affect the next holder", async () => {
    const bridge = bridgeInMemory();
    await holder.take(bridge);
    bridge.ledger.loseNextAnswer();
    await expect(release(bridge, holder)).rejects.toThrow("the answer of a write got lost");
    await bridge.leases.take(lease, named("next"), "n2");
    await expect(release(bridge, holder)).rejects.toThrow(ConditionalCheckFailedException);
    expect(await bridge.leases.isHeldBy(lease, "next")).toBe(true);
  });

  test("an execution without the lease continues at once in the same state", () => {
    const { Resource, Retry = [], Catch = [], Next } = holder.state;
    // Step Functions puts `DynamoDb.` before the exceptions of this integration (its guide, "Call DynamoDB APIs").
    const fault = `DynamoDb.${new ConditionalCheckFailedException({ $metadata: {}, message: "" }).name}`;
    expect(Resource).toBe("arn:aws:states:::aws-sdk:dynamodb:deleteItem");
    expect(Retry[0]).toEqual({ ErrorEquals: [fault], MaxAttempts: 0 });
    expect(Catch).toEqual([{ ErrorEquals: ["States.ALL"], ResultPath: "$.release", Next }]);
    expect(Next).toBe("How did it end?");
  });
});

interface Sources {
  input: unknown;
  /** The context object, `$$` in a path. */
  context: unknown;
}

/** A state's Parameters with their values. It supports the JSONPath and the States.Format that these states use. */
function withValues(template: unknown, sources: Sources): unknown {
  if (typeof template !== "object" || template === null) return template;
  return Object.fromEntries(
    Object.entries(template).map(([key, value]) =>
      key.endsWith(".$") ? [key.slice(0, -2), evaluated(String(value), sources)] : [key, withValues(value, sources)],
    ),
  );
}

function evaluated(expression: string, sources: Sources): string {
  const [, format = "{}", path = expression] = /^States\.Format\('([^']*)', (\S+)\)$/.exec(expression) ?? [];
  const [root, ...fields] = path.split(".");
  if (root !== "$" && root !== "$$") throw new Error(`this test cannot evaluate ${expression}`);
  let value = root === "$" ? sources.input : sources.context;
  for (const field of fields) value = (value as Record<string, unknown> | undefined)?.[field];
  if (typeof value !== "string") throw new Error(`${path} is not a text`);
  return format.replace("{}", value);
}
