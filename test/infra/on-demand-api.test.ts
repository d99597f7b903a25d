import { describe, expect, test } from "vitest";
import { apiRoutes } from "#on-demand-api/language/api-routes.ts";
import { allowedTo, asLines, functionsOf } from "./policies.ts";
import { variantNames } from "./stage-variants.ts";
import { type Properties, synthesised } from "./synthesised.ts";

describe.each(variantNames)("the API of %s", (variant) => {
  const synth = synthesised(variant);
  const routes = synth.resources("AWS::ApiGatewayV2::Route").map(({ Properties }) => Properties);
  const byToken = variant === "prod with every option";

  test("has the routes of the contract, each open or closed as it says", () => {
    const closed = byToken ? "JWT" : "AWS_IAM";
    expect(Object.fromEntries(routes.map((route) => [route["RouteKey"], route["AuthorizationType"]]))).toEqual(
      Object.fromEntries(Object.entries(apiRoutes).map(([key, { open }]) => [key, open ? "NONE" : closed])),
    );
  });

  test("is throttled, and logs who called which route, without paths and queries", () => {
    const stage = synth.resource("AWS::ApiGatewayV2::Stage", "OnDemand");
    const { DefaultRouteSettings, AccessLogSettings } = stage.Properties as Record<string, Properties>;
    const [ThrottlingRateLimit, ThrottlingBurstLimit] = byToken ? [5, 10] : [20, 40];
    expect(DefaultRouteSettings).toEqual({ ThrottlingRateLimit, ThrottlingBurstLimit });
    const { Format, DestinationArn } = AccessLogSettings as { Format: string; DestinationArn: string };
    expect(new Set(Object.values(JSON.parse(Format) as object))).toEqual(
      new Set([
        "$context.authorizer.error",
        byToken ? "$context.authorizer.claims.sub" : "$context.identity.userArn",
        "$context.integrationStatus",
        "$context.requestId",
        "$context.requestTime",
        "$context.responseLatency",
        "$context.routeKey",
        "$context.status",
      ]),
    );
    expect(DestinationArn).toContain("OnDemand/AccessLog");
    expect(synth.resource("AWS::Logs::LogGroup", "OnDemand/AccessLog").Properties).toMatchObject({ KmsKeyId: "<Key>" });
  });

  test.each(["fhir-api", "ccd-requests"])("searches for patients (%s) where the stage's settings say", (name) => {
    const [, lambda] = functionsOf(synth).find(([known]) => known === name) ?? [];
    const environment = JSON.stringify(lambda?.Properties["Environment"]);
    expect(environment).toContain("INTEGRA_BASE_URL");
    expect(environment.includes("us-core/Patient")).toBe(variant === "prod with every option");
  });

  test.each(["fhir-api", "ccd-requests"])("tells %s how callers are known, and who counts as one", (name) => {
    const [, lambda] = functionsOf(synth).find(([known]) => known === name) ?? [];
    expect(lambda?.Properties["Environment"]).toMatchObject({
      Variables: byToken
        ? { API_AUTHORIZER: "jwt", API_CALLERS: "roles" }
        : { API_AUTHORIZER: "iam", API_CALLERS: "sessions" },
    });
  });

  test("lets a function be called by its own routes only", () => {
    const permissions = synth.resources("AWS::Lambda::Permission", "api").map(({ Properties: p }) => p);
    const paths = Object.entries(apiRoutes).map(([key, { servedBy }]) => [servedBy, key.split(" ")[1]].join(" "));
    const names = new Map(functionsOf(synth).map(([name, { id }]) => [`<${id}>`, name]));
    const granted = permissions.map((p) => {
      expect(p).toMatchObject({ Principal: "apigateway.amazonaws.com", Action: "lambda:InvokeFunction" });
      return [names.get(String(p["FunctionName"])), String(p["SourceArn"]).split("/*/*")[1]].join(" ");
    });
    expect(granted.toSorted()).toEqual(paths.toSorted());
  });

  test("reads patients with a role that reaches nothing but its session, the API's secret, the record of its calls and the bus", () => {
    const [, lambda] = functionsOf(synth).find(([name]) => name === "fhir-api") ?? [];
    const lines = asLines(allowedTo(synth, lambda?.Properties["Role"]));
    expect(lines.filter((line) => !/^(logs|xray|ec2):/.test(line))).toEqual([
      "dynamodb:GetItem → Ledger",
      "dynamodb:UpdateItem → Ledger",
      "events:PutEvents → Bus",
      "kms:Decrypt → Key",
      "kms:GenerateDataKey → Key",
      "s3:PutObject → landing/audit/access/*.json",
      `secretsmanager:GetSecretValue → secret:integra-bridge/${variant.split(" ")[0]}/api-??????`,
      `secretsmanager:GetSecretValue → secret:integra-bridge/${variant.split(" ")[0]}/user-session-??????`,
    ]);
  });
});
