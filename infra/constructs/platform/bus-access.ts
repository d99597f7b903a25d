import type { EventType } from "#functions/wings.ts";
import { eventSource } from "#platform/bus/event-language.ts";
import type { LambdaFunction } from "./lambda-function.ts";
import type { SharedResources } from "./shared-resources.ts";

/**
 * Lets a function publish events of these types, in the bridge's name, on the bridge's bus. It can publish nothing else, and no
 * request: a function that opens archives from the server must not be able to ask for exports.
 */
export function grantPublish(
  { bus }: Pick<SharedResources, "bus">,
  lambda: LambdaFunction,
  types: readonly EventType[],
): void {
  lambda.setEnvironment({ EVENT_BUS: bus.eventBusName });
  const published = {
    // EventBridge compares the source as a list and the type as a text (Service Authorization Reference, "Amazon EventBridge").
    "ForAllValues:StringEquals": { "events:source": eventSource },
    // A request without a source would satisfy the condition above.
    Null: { "events:source": "false" },
    StringEquals: { "events:detail-type": types },
  };
  lambda.allowIf(published, ["events:PutEvents"], [bus.eventBusArn]);
}
