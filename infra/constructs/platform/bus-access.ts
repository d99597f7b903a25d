import type { LambdaFunction } from "./lambda-function.ts";
import type { SharedResources } from "./shared-resources.ts";

/** Lets a function publish events on the bridge's bus. */
export function grantPublish({ bus }: Pick<SharedResources, "bus">, lambda: LambdaFunction): void {
  lambda.setEnvironment({ EVENT_BUS: bus.eventBusName });
  lambda.allow(["events:PutEvents"], [bus.eventBusArn]);
}
