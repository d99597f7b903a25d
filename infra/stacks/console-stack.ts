import { CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";
import type { ConsoleConfig } from "#console/config.ts";
import { ConsoleSite } from "../constructs/on-demand-api/console-site.ts";
import type { OnDemandApi } from "../constructs/on-demand-api/on-demand-api.ts";
import type { ConsoleSettings } from "../settings/on-demand-api.ts";
import type { StageSettings } from "../settings.ts";

export interface ConsoleStackProps extends StackProps {
  stage: string;
  settings: StageSettings;
  console: ConsoleSettings;
  api: OnDemandApi;
}

/** The web console. Its outputs say where `npm run console` puts the files, and what the console's `/config.json` is. */
export class ConsoleStack extends Stack {
  constructor(scope: Construct, id: string, props: ConsoleStackProps) {
    const { stage, settings, console, api, ...stackProps } = props;
    super(scope, id, stackProps);
    const { jwt } = settings.api;
    if (jwt === undefined) throw new Error("a console needs the setting api.jwt");
    const { clientId, scopes, parameters, idleMinutes } = console;
    const site = new ConsoleSite(this, "Console", {
      stage,
      settings: console,
      retention: settings.retention,
      issuer: jwt.issuer,
      api: { host: api.host, tokenPath: api.tokenPath },
    });
    const config: ConsoleConfig = {
      stage,
      apiUrl: settings.api.publicUrl ?? `https://${api.host}`,
      issuer: jwt.issuer,
      clientId,
      scopes,
      parameters,
      idleMinutes,
    };
    new CfnOutput(this, "ConsoleUrl", {
      value: site.url,
      description: "The console. Register this URL with the issuer as the client's redirect URI",
    });
    new CfnOutput(this, "BucketName", { value: site.bucket.bucketName });
    new CfnOutput(this, "Config", { value: this.toJsonString(config) });
  }
}
