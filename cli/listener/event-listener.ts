import { FailedCheck } from "../checks/findings.ts";

/*
 * A temporary subscriber: a queue, and a rule on the stage's bus that sends to it. Both are removed on every way out, except
 * if the process is killed. Their names then say what they are, such as integra-bridge-{stage}-smoke-{id}.
 */

/** An event as the queue received it. */
export interface HeardEvent {
  type: string;
  detail: unknown;
}

/** The temporary resources, each under the same name. */
export interface ListenerPorts {
  name: string;
  createQueue: () => Promise<void>;
  /** Creates the rule, and lets it send to the queue. */
  createRule: () => Promise<void>;
  removeRule: () => Promise<void>;
  removeQueue: () => Promise<void>;
  /** Receives what came, after a wait of some seconds if nothing did. */
  receive: () => Promise<readonly HeardEvent[]>;
  putEvent: (type: string, detail: unknown) => Promise<void>;
}

/** Something may remain in the account, although it was to be removed. The message names it. */
export class ListenerNotRemoved extends FailedCheck {
  override readonly name = "ListenerNotRemoved";
  override readonly action = "remove both by hand";
}

/**
 * Creates the listener for as long as `use` runs.
 * @throws ListenerNotRemoved if something remains; its cause has the errors, that of `use` included
 */
export async function withListener<Result>(ports: ListenerPorts, use: () => Promise<Result>): Promise<Result> {
  const removals: (() => Promise<void>)[] = [];
  const outcome = await settled(async () => {
    // A call that failed may have created something, so each removal is due before the call.
    removals.unshift(ports.removeQueue);
    await ports.createQueue();
    removals.unshift(ports.removeRule);
    await ports.createRule();
    return await use();
  });
  const errors: unknown[] = [];
  for (const remove of removals) {
    const removal = await settled(remove);
    if ("error" in removal) errors.push(removal.error);
  }
  if (errors.length > 0) {
    const message = `the temporary rule or queue ${ports.name} may still exist`;
    throw new ListenerNotRemoved(message, {
      cause: new AggregateError("error" in outcome ? [outcome.error, ...errors] : errors),
    });
  }
  if ("error" in outcome) throw outcome.error;
  return outcome.value;
}

async function settled<Value>(run: () => Promise<Value>): Promise<{ value: Value } | { error: unknown }> {
  try {
    return { value: await run() };
  } catch (error) {
    return { error };
  }
}
