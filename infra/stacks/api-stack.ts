import { CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { OnDemandApi } from "../constructs/on-demand-api.ts";
import type { FunctionDefaults } from "../constructs/step-function-lambda.ts";
import type { StageSettings } from "../settings.ts";
import type { LandingStack } from "./landing-stack.ts";

/** What callers ask on demand: the HTTP API. */
export class ApiStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    props: StackProps & { settings: StageSettings; landing: LandingStack; functions: FunctionDefaults },
  ) {
    super(scope, id, props);
    const { settings, landing, functions } = props;
    const api = new OnDemandApi(this, "OnDemand", { landing, settings: settings.api, functions });
    new CfnOutput(this, "ApiUrl", { value: api.url });
    new CfnOutput(this, "ApiId", { value: api.apiId });
  }
}
