import { CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { OnDemandApi } from "../constructs/on-demand-api/on-demand-api.ts";
import type { FunctionDefaults } from "../constructs/platform/lambda-function.ts";
import type { StageSettings } from "../settings.ts";
import type { LandingStack } from "./landing-stack.ts";

export interface ApiStackProps extends StackProps {
  settings: StageSettings;
  landing: LandingStack;
  functions: FunctionDefaults;
}

/** The HTTP API for patients, resources and CCDs on demand. */
export class ApiStack extends Stack {
  constructor(scope: Construct, id: string, props: ApiStackProps) {
    super(scope, id, props);
    const { settings, landing, functions } = props;
    const { userSession } = landing;
    const api = new OnDemandApi(this, "OnDemand", { shared: landing, userSession, settings: settings.api, functions });
    new CfnOutput(this, "ApiUrl", { value: api.url });
    new CfnOutput(this, "ApiId", { value: api.apiId });
    if (api.domain === undefined) return;
    const { regionalDomainName, regionalHostedZoneId } = api.domain;
    const description = "A DNS record must lead the API's domain to this name: a CNAME, or an alias in Route 53";
    new CfnOutput(this, "DomainTarget", { value: regionalDomainName, description });
    new CfnOutput(this, "DomainHostedZoneId", {
      value: regionalHostedZoneId,
      description: "The hosted zone of DomainTarget, for an alias in Route 53",
    });
  }
}
