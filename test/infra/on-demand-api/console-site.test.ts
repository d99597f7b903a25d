import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { everyOption } from "#cli/templates/every-option.ts";
import { consolePolicy } from "#console/security-policy.ts";
import { configOf } from "#console/src/read-config.ts";
import { type Properties, synthesised } from "../synthesised.ts";
import { allTemplates } from "../templates.ts";

interface Behavior extends Properties {
  PathPattern?: string;
  TargetOriginId: string;
}

interface Origin extends Properties {
  Id: string;
}

/** Identifiers of CloudFront's managed policies (CloudFront, "Use managed cache policies", "Use managed origin request policies"). */
const cachingDisabled = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";
const allViewerExceptHostHeader = "b689b0a8-53d0-40ab-baf2-68738e2966ac";

describe("the console of prod with every option", () => {
  const synth = synthesised("prod with every option");
  const { DistributionConfig } = synth.resource("AWS::CloudFront::Distribution", "Console").Properties;
  const config = DistributionConfig as Properties & {
    DefaultCacheBehavior: Behavior;
    CacheBehaviors: Behavior[];
    Origins: Origin[];
  };
  const originOf = ({ TargetOriginId }: Behavior) => config.Origins.find(({ Id }) => Id === TargetOriginId);

  test("its files are in a private bucket, which only this distribution reads", () => {
    expect(originOf(config.DefaultCacheBehavior)?.["OriginAccessControlId"]).toBeDefined();
    const bucket = synth.resource("AWS::S3::Bucket", "Console/Files");
    expect(bucket.Properties).toMatchObject({ PublicAccessBlockConfiguration: { BlockPublicPolicy: true } });
    const policy = JSON.stringify(synth.resource("AWS::S3::BucketPolicy", "Console/Files").Properties);
    expect(policy).toContain("cloudfront.amazonaws.com");
    expect(policy).toContain("AWS:SourceArn");
  });

  test("calls below /api go to the routes for callers with a token, with Authorization, and are never cached", () => {
    const [api, ...others] = config.CacheBehaviors;
    expect(others).toEqual([]);
    expect(api).toMatchObject({
      PathPattern: "/api/*",
      CachePolicyId: cachingDisabled,
      OriginRequestPolicyId: allViewerExceptHostHeader,
      ViewerProtocolPolicy: "https-only",
      AllowedMethods: expect.arrayContaining(["GET", "POST", "DELETE"]),
    });
    expect(api && originOf(api)).toMatchObject({
      DomainName: everyOption.api.domain.name,
      OriginPath: "/jwt",
      CustomOriginConfig: { OriginProtocolPolicy: "https-only", OriginSSLProtocols: ["TLSv1.2"] },
    });
  });

  test.each([
    ["/api/exports", "/exports"],
    ["/api/links/a/api/b", "/links/a/api/b"],
    ["/apis", "/apis"],
  ])("the function of the distribution makes %s into %s", (uri, expected) => {
    const { FunctionCode } = synth.resource("AWS::CloudFront::Function", "Console").Properties;
    const event = { request: { uri } };
    expect(runInNewContext(`${String(FunctionCode)}; handler(event).uri`, { event })).toBe(expected);
  });

  test("its pages may call the issuer's origins and its own, and have the headers that browsers obey", () => {
    const { ResponseHeadersPolicyConfig } = synth.resource(
      "AWS::CloudFront::ResponseHeadersPolicy",
      "Console",
    ).Properties;
    const origins = ["https://login.example.org", "https://sign-in.example.org"];
    expect(ResponseHeadersPolicyConfig).toMatchObject({
      SecurityHeadersConfig: {
        ContentSecurityPolicy: { ContentSecurityPolicy: consolePolicy(origins), Override: true },
        ContentTypeOptions: { Override: true },
        FrameOptions: { FrameOption: "DENY" },
        ReferrerPolicy: { ReferrerPolicy: "no-referrer" },
        StrictTransportSecurity: { AccessControlMaxAgeSec: 31_536_000 },
      },
    });
    expect(config.DefaultCacheBehavior["ResponseHeadersPolicyId"]).toBe("<Console/Headers>");
  });

  test("the output Config is a configuration that the console reads", async () => {
    const { console: stack } = (await allTemplates())["prod with every option"];
    const { clientId, scopes, parameters, idleMinutes } = everyOption.console;
    const text = JSON.stringify(stack?.Outputs?.["Config"]?.Value);
    // The API's URL is a name of the stage's own here, so the output has no reference.
    expect(configOf(JSON.parse(JSON.parse(text) as string))).toEqual({
      stage: "prod",
      apiUrl: `https://${everyOption.api.domain.name}`,
      issuer: everyOption.api.jwt.issuer,
      clientId,
      scopes,
      parameters,
      idleMinutes,
    });
  });
});

test("a stage has no console unless its settings name one", () => {
  expect(synthesised("prod").resources("AWS::CloudFront::Distribution")).toEqual([]);
});
