import { describe, expect, test } from "vitest";
import { everyOption } from "#cli/templates/every-option.ts";
import { apiRoutes, type ClosedRouteKey, tokenRouteKey } from "#on-demand-api/language/api-routes.ts";
import { allowedTo, asLines, functionsOf } from "../policies.ts";
import { variantNames } from "../stage-variants.ts";
import { type Properties, synthesised } from "../synthesised.ts";
import { allTemplates } from "../templates.ts";

describe.each(variantNames)("the API of %s", (variant) => {
  const synth = synthesised(variant);
  const routes = synth.resources("AWS::ApiGatewayV2::Route").map(({ Properties }) => Properties);
  const besideSignatures = variant === "prod with every option";

  test("the routes are those of apiRoutes, and each is open or needs authorization as apiRoutes declares", () => {
    const declared = Object.entries(apiRoutes).flatMap(([key, { open }]) => {
      if (open) return [[key, "NONE"]];
      const signed = [key, "AWS_IAM"];
      return besideSignatures ? [signed, [tokenRouteKey(key as ClosedRouteKey), "JWT"]] : [signed];
    });
    expect(Object.fromEntries(routes.map((route) => [route["RouteKey"], route["AuthorizationType"]]))).toEqual(
      Object.fromEntries(declared),
    );
  });

  test("the API is throttled, and its access log has the caller and the route, without paths and queries", () => {
    const stage = synth.resource("AWS::ApiGatewayV2::Stage", "OnDemand");
    const { DefaultRouteSettings, AccessLogSettings } = stage.Properties as Record<string, Properties>;
    const [ThrottlingRateLimit, ThrottlingBurstLimit] = besideSignatures ? [5, 10] : [20, 40];
    expect(DefaultRouteSettings).toEqual({ ThrottlingRateLimit, ThrottlingBurstLimit });
    const { Format, DestinationArn } = AccessLogSettings as { Format: string; DestinationArn: string };
    expect(new Set(Object.values(JSON.parse(Format) as object))).toEqual(
      new Set([
        "$context.authorizer.error",
        ...(besideSignatures ? ["$context.authorizer.claims.sub"] : []),
        "$context.identity.userArn",
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

  test("each open route has a throttle of its own, and the stage is created after the route", async () => {
    const open = Object.entries(apiRoutes).flatMap(([key, route]) => (route.open ? [key] : []));
    expect(open).toEqual(
      expect.arrayContaining(["GET /openapi.json", "GET /.well-known/jwks.json", "POST /smart/callback"]),
    );
    const [ThrottlingRateLimit, ThrottlingBurstLimit] = besideSignatures ? [1, 3] : [5, 10];
    const limits = { ThrottlingRateLimit, ThrottlingBurstLimit };
    const stage = synth.resource("AWS::ApiGatewayV2::Stage", "OnDemand");
    expect(stage.Properties["RouteSettings"]).toEqual(Object.fromEntries(open.map((key) => [key, limits])));
    const { api } = (await allTemplates())[variant];
    const idsOfOpen = Object.entries(api?.Resources ?? {}).flatMap(([id, { Type, Properties }]) =>
      Type === "AWS::ApiGatewayV2::Route" && open.includes(String((Properties as Properties)["RouteKey"])) ? [id] : [],
    );
    const stages = Object.values(api?.Resources ?? {}).filter(({ Type }) => Type === "AWS::ApiGatewayV2::Stage");
    expect(idsOfOpen).toHaveLength(open.length);
    for (const { DependsOn } of stages) expect(DependsOn).toEqual(expect.arrayContaining(idsOfOpen));
  });

  test.each(["fhir-api", "ccd-requests"])("%s searches for patients at the paths of the stage's settings", (name) => {
    const [, lambda] = functionsOf(synth).find(([known]) => known === name) ?? [];
    const environment = JSON.stringify(lambda?.Properties["Environment"]);
    expect(environment).toContain("INTEGRA_BASE_URL");
    expect(environment.includes("us-core/Patient")).toBe(variant === "prod with every option");
    expect(environment.includes("INTEGRA_US_CORE_PATHS")).toBe(variant === "prod with every option");
  });

  test.each(["fhir-api", "ccd-requests", "ccd-documents", "exports", "health", "links"])(
    "%s has the settings by which it identifies callers",
    (name) => {
      const [, lambda] = functionsOf(synth).find(([known]) => known === name) ?? [];
      expect(lambda?.Properties["Environment"]).toMatchObject({
        Variables: besideSignatures
          ? { API_AUTHORIZER: "both", API_CALLERS: "roles" }
          : { API_AUTHORIZER: "iam", API_CALLERS: "sessions" },
      });
    },
  );

  test("only its own routes may invoke a function", () => {
    const permissions = synth.resources("AWS::Lambda::Permission", "api").map(({ Properties: p }) => p);
    const paths = Object.entries(apiRoutes).flatMap(([key, { servedBy, open }]) => {
      const keys = [key, ...(besideSignatures && !open ? [tokenRouteKey(key as ClosedRouteKey)] : [])];
      return keys.map((one) => [servedBy, one.split(" ")[1]].join(" "));
    });
    const names = new Map(functionsOf(synth).map(([name, { id }]) => [`<${id}>`, name]));
    const invokers = permissions.map((p) => {
      expect(p).toMatchObject({ Principal: "apigateway.amazonaws.com", Action: "lambda:InvokeFunction" });
      return [names.get(String(p["FunctionName"])), String(p["SourceArn"]).split("/*/*")[1]].join(" ");
    });
    expect(invokers.toSorted()).toEqual(paths.toSorted());
  });

  /** With private_key_jwt the SMART client signs with the stage's client key. */
  const clientKeys =
    variant === "prod with every option"
      ? ["secretsmanager:GetSecretValue → secret:integra-bridge/prod/client-??????"]
      : [];

  test("the pages for browsers reach links, new sessions and the SMART client, and read no token and no secret of the API", () => {
    const [, lambda] = functionsOf(synth).find(([name]) => name === "smart") ?? [];
    const lines = asLines(allowedTo(synth, lambda?.Properties["Role"]));
    expect(lines.filter((line) => !/^(logs|xray|ec2|kms):/.test(line))).toEqual([
      "dynamodb:DeleteItem → Ledger",
      "dynamodb:GetItem → Ledger",
      "dynamodb:PutItem → Ledger",
      "dynamodb:UpdateItem → Ledger",
      "events:PutEvents → Bus",
      "s3:PutObject → audit-trail/access/*/*.json",
      ...clientKeys,
      `secretsmanager:GetSecretValue → secret:integra-bridge/${variant.split(" ")[0]}/smart-client-??????`,
    ]);
    expect(lambda?.Properties["Environment"]).not.toMatchObject({ Variables: { API_AUTHORIZER: expect.anything() } });
  });

  test("ccd-documents reads requests and documents, writes large pages only, and reaches no session and no secret", () => {
    const [, lambda] = functionsOf(synth).find(([name]) => name === "ccd-documents") ?? [];
    const lines = asLines(allowedTo(synth, lambda?.Properties["Role"]));
    expect(lines.filter((line) => !/^(logs|xray):/.test(line))).toEqual([
      "dynamodb:GetItem → Ledger",
      "kms:Decrypt → Key",
      "kms:GenerateDataKey → Key",
      "s3:GetObject → landing/ccds/*/*.xml",
      "s3:GetObject → landing/ccds/*/documents.json",
      "s3:GetObject → landing/pages/*/*.html",
      "s3:PutObject → audit-trail/access/*/*.json",
      "s3:PutObject → landing/pages/*/*.html",
    ]);
  });

  test("exports starts and stops exports, reads their files, and reaches no server, no session and no CCD", () => {
    const [, lambda] = functionsOf(synth).find(([name]) => name === "exports") ?? [];
    const environment = lambda?.Properties["Environment"] as { Variables: Record<string, string> } | undefined;
    const callers = JSON.parse(environment?.Variables["EXPORT_CALLERS"] ?? "null") as object;
    const local = ["arn:aws:iam::000000000000:root", "local-user"];
    const named: Partial<Record<string, object>> = {
      local: { ask: local, cancel: local, read: local },
      "prod with every option": { ask: ["operator"], cancel: ["operator"], read: ["operator", "analyst"] },
    };
    expect(callers).toEqual(named[variant] ?? { ask: [], cancel: [], read: [] });
    const machine = `integra-bridge-${variant.split(" ")[0]}-bulk-export`;
    const lines = asLines(allowedTo(synth, lambda?.Properties["Role"]));
    expect(lines.filter((line) => !/^(logs|xray|ec2|kms):/.test(line))).toEqual([
      "dynamodb:DeleteItem → Ledger",
      "dynamodb:GetItem → Ledger",
      "dynamodb:PutItem → Ledger",
      "dynamodb:Query → <Ledger>/index/list",
      "dynamodb:UpdateItem → Ledger",
      "s3:GetObject → landing/exports/*/*/*.ndjson",
      "s3:GetObject → landing/exports/*/summary.json",
      "s3:GetObject → landing/work/*/failures/*.json",
      "s3:GetObject → landing/work/*/plan.json",
      "s3:GetObject → landing/work/*/receipts/*.json",
      "s3:ListBucket → Landing/Bucket",
      "s3:PutObject → audit-trail/access/*/*.json",
      "s3:PutObject → landing/work/*/stop*.json",
      `secretsmanager:GetSecretValue → secret:integra-bridge/${variant.split(" ")[0]}/api-??????`,
      `states:DescribeExecution → execution:${machine}:*`,
      `states:StartExecution → stateMachine:${machine}`,
      `states:StopExecution → execution:${machine}:*`,
    ]);
    const keys = allowedTo(synth, lambda?.Properties["Role"]).flatMap(({ actions, Condition }) =>
      actions.some((action) => /^dynamodb:.*Item$/.test(action))
        ? (Condition as { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": string[] } })["ForAllValues:StringLike"][
            "dynamodb:LeadingKeys"
          ]
        : [],
    );
    expect([...new Set(keys)].toSorted()).toEqual(["export#*", "export-files#*", "open-run#*"]);
  });

  test("health reads the client's secret, public keys and progress, and the state of the stage's own session without its tokens", () => {
    const [, lambda] = functionsOf(synth).find(([name]) => name === "health") ?? [];
    const statements = allowedTo(synth, lambda?.Properties["Role"]);
    expect(asLines(statements).filter((line) => !/^(logs|xray|ec2):/.test(line))).toEqual([
      "dynamodb:GetItem → Ledger",
      "dynamodb:Query → <Ledger>/index/list",
      "kms:Decrypt → Key",
      "kms:GenerateDataKey → Key",
      "s3:PutObject → audit-trail/access/*/*.json",
      `secretsmanager:GetSecretValue → secret:integra-bridge/${variant.split(" ")[0]}/client-??????`,
    ]);
    const conditions = statements.filter(({ actions }) => actions.includes("dynamodb:GetItem"));
    expect(conditions.map(({ Condition }) => Condition)).toEqual([
      {
        "ForAllValues:StringEquals": {
          "dynamodb:LeadingKeys": ["user-session#service"],
          "dynamodb:Attributes": ["pk", "issuedAt", "attempts", "retryAt", "deadAt", "refusal"],
        },
        StringEqualsIfExists: { "dynamodb:Select": "SPECIFIC_ATTRIBUTES" },
        Null: { "dynamodb:LeadingKeys": "false", "dynamodb:Attributes": "false" },
      },
      ...["client-keys#*", "export#*"].map((kind) => ({
        "ForAllValues:StringLike": { "dynamodb:LeadingKeys": [kind] },
        Null: { "dynamodb:LeadingKeys": "false" },
      })),
    ]);
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
      ...(clientKeys.length > 0 ? ["kms:Sign → key/*"] : []),
      "s3:PutObject → audit-trail/access/*/*.json",
      `secretsmanager:GetSecretValue → secret:integra-bridge/${variant.split(" ")[0]}/api-??????`,
      ...clientKeys,
      `secretsmanager:GetSecretValue → secret:integra-bridge/${variant.split(" ")[0]}/smart-client-??????`,
      `secretsmanager:GetSecretValue → secret:integra-bridge/${variant.split(" ")[0]}/user-session-??????`,
    ]);
  });
});

describe("the address of the API", () => {
  const [plain, full] = [synthesised("prod"), synthesised("prod with every option")];
  const apiUrl = (synth: typeof plain): unknown => {
    const [, lambda] = functionsOf(synth).find(([name]) => name === "ccd-requests") ?? [];
    return (lambda?.Properties["Environment"] as { Variables: Properties } | undefined)?.Variables["API_URL"];
  };
  const { name, certificateArn } = everyOption.api.domain;

  test("without a domain, callers use API Gateway's own address", () => {
    expect(plain.resources("AWS::ApiGatewayV2::DomainName")).toEqual([]);
    expect(plain.resource("AWS::ApiGatewayV2::Api", "OnDemand").Properties).not.toHaveProperty(
      "DisableExecuteApiEndpoint",
    );
    expect(apiUrl(plain)).toBe("<OnDemand/Api.ApiEndpoint>");
  });

  test("a domain has the certificate of the settings, and accepts TLS 1.2 and newer only", () => {
    expect(full.resource("AWS::ApiGatewayV2::DomainName", "OnDemand").Properties).toMatchObject({
      DomainName: name,
      DomainNameConfigurations: [
        { CertificateArn: certificateArn, EndpointType: "REGIONAL", SecurityPolicy: "TLS_1_2" },
      ],
    });
  });

  test("a domain leads to the API, and closes API Gateway's own address", () => {
    expect(full.resource("AWS::ApiGatewayV2::Api", "OnDemand").Properties["DisableExecuteApiEndpoint"]).toBe(true);
    const mapping = full.resource("AWS::ApiGatewayV2::ApiMapping", "OnDemand");
    expect(mapping.Properties).toMatchObject({
      ApiId: "<OnDemand/Api>",
      DomainName: "<OnDemand/Domain>",
      Stage: "$default",
    });
    // The stage must be there before the mapping, and its name alone does not tell CloudFormation so.
    expect(mapping.DependsOn).toEqual([expect.stringMatching(/^OnDemandStage/)]);
  });

  test("the links in answers start with the domain", () => {
    expect(apiUrl(full)).toBe(`https://${name}/`);
  });
});
