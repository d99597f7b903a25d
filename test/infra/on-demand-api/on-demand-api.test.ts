import { describe, expect, test } from "vitest";
import { apiRoutes } from "#on-demand-api/language/api-routes.ts";
import { allowedTo, asLines, functionsOf } from "../policies.ts";
import { variantNames } from "../stage-variants.ts";
import { type Properties, synthesised } from "../synthesised.ts";

describe.each(variantNames)("the API of %s", (variant) => {
  const synth = synthesised(variant);
  const routes = synth.resources("AWS::ApiGatewayV2::Route").map(({ Properties }) => Properties);
  const byToken = variant === "prod with every option";

  test("the routes are those of apiRoutes, and each is open or needs authorization as apiRoutes declares", () => {
    const closed = byToken ? "JWT" : "AWS_IAM";
    expect(Object.fromEntries(routes.map((route) => [route["RouteKey"], route["AuthorizationType"]]))).toEqual(
      Object.fromEntries(Object.entries(apiRoutes).map(([key, { open }]) => [key, open ? "NONE" : closed])),
    );
  });

  test("the API is throttled, and its access log has the caller and the route, without paths and queries", () => {
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

  test.each(["fhir-api", "ccd-requests"])("%s searches for patients at the paths of the stage's settings", (name) => {
    const [, lambda] = functionsOf(synth).find(([known]) => known === name) ?? [];
    const environment = JSON.stringify(lambda?.Properties["Environment"]);
    expect(environment).toContain("INTEGRA_BASE_URL");
    expect(environment.includes("us-core/Patient")).toBe(variant === "prod with every option");
    expect(environment.includes("INTEGRA_US_CORE_PATHS")).toBe(variant === "prod with every option");
  });

  test.each(["fhir-api", "ccd-requests"])("%s has the settings by which it identifies callers", (name) => {
    const [, lambda] = functionsOf(synth).find(([known]) => known === name) ?? [];
    expect(lambda?.Properties["Environment"]).toMatchObject({
      Variables: byToken
        ? { API_AUTHORIZER: "jwt", API_CALLERS: "roles" }
        : { API_AUTHORIZER: "iam", API_CALLERS: "sessions" },
    });
  });

  test("only its own routes may invoke a function", () => {
    const permissions = synth.resources("AWS::Lambda::Permission", "api").map(({ Properties: p }) => p);
    const paths = Object.entries(apiRoutes).map(([key, { servedBy }]) => [servedBy, key.split(" ")[1]].join(" "));
    const names = new Map(functionsOf(synth).map(([name, { id }]) => [`<${id}>`, name]));
    const invokers = permissions.map((p) => {
      expect(p).toMatchObject({ Principal: "apigateway.amazonaws.com", Action: "lambda:InvokeFunction" });
      return [names.get(String(p["FunctionName"])), String(p["SourceArn"]).split("/*/*")[1]].join(" ");
    });
    expect(invokers.toSorted()).toEqual(paths.toSorted());
  });

  test("fhir-api reaches only the session, the API's secret, the audit trail of calls and the bus", () => {
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
