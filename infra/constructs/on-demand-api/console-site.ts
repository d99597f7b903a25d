import { Duration, Validations } from "aws-cdk-lib";
import { Certificate } from "aws-cdk-lib/aws-certificatemanager";
import * as cloudfront from "aws-cdk-lib/aws-cloudfront";
import * as origins from "aws-cdk-lib/aws-cloudfront-origins";
import * as s3 from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";
import { consolePolicy, permissionsPolicy } from "#console/security-policy.ts";
import type { ConsoleSettings } from "../../settings/on-demand-api.ts";
import type { RetentionSettings } from "../../settings/platform.ts";
import { privateBucket } from "../platform/private-bucket.ts";

export interface ConsoleSiteProps {
  stage: string;
  settings: ConsoleSettings;
  retention: RetentionSettings;
  issuer: string;
  /** Where the API is: its host, and the path with which the routes for callers with a token begin. */
  api: { host: string; tokenPath: string };
}

/**
 * The web console: its files in a private bucket, behind CloudFront, and the API at the same origin below `/api`. So the browser needs
 * no CORS. `npm run console` puts the files into the bucket.
 */
export class ConsoleSite extends Construct {
  readonly bucket: s3.Bucket;
  readonly url: string;

  constructor(scope: Construct, id: string, props: ConsoleSiteProps) {
    super(scope, id);
    const { settings, retention } = props;
    this.bucket = siteBucket(this, retention);
    const distribution = this.#distribution(props);
    this.url = `https://${settings.domain?.name ?? distribution.distributionDomainName}/`;
  }

  #distribution({ stage, settings, issuer, api }: ConsoleSiteProps): cloudfront.Distribution {
    const { domain, webAclArn } = settings;
    const distribution = new cloudfront.Distribution(this, "Distribution", {
      comment: `integra-bridge-${stage} console`,
      defaultRootObject: "index.html",
      httpVersion: cloudfront.HttpVersion.HTTP2_AND_3,
      ...(domain && {
        minimumProtocolVersion: cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
        domainNames: [domain.name],
        certificate: Certificate.fromCertificateArn(this, "Certificate", domain.certificateArn),
      }),
      ...(webAclArn !== undefined && { webAclId: webAclArn }),
      defaultBehavior: {
        origin: origins.S3BucketOrigin.withOriginAccessControl(this.bucket),
        viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        // The files say themselves how long they may be kept.
        cachePolicy: cloudfront.CachePolicy.CACHING_OPTIMIZED,
        responseHeadersPolicy: this.#headers(stage, [issuer, ...settings.endpointOrigins]),
      },
      additionalBehaviors: { "/api/*": this.#apiBehavior(api) },
    });
    const validations = Validations.of(distribution);
    validations.acknowledge({
      id: "AwsSolutions-CFR1",
      reason: "Users sign in before they see anything. The setting console.webAclArn limits where they may come from.",
    });
    validations.acknowledge({
      id: "AwsSolutions-CFR2",
      reason:
        "The files are public, and the API has a throttle and an authorizer. The setting console.webAclArn adds a firewall.",
    });
    validations.acknowledge({
      id: "AwsSolutions-CFR3",
      reason:
        "CloudFront's log has paths, and a path of the API may name a patient. The API records each call without its path.",
    });
    if (domain) return distribution;
    validations.acknowledge({
      id: "AwsSolutions-CFR4",
      reason:
        "CloudFront decides the TLS version of its own domain names. The setting console.domain brings another name.",
    });
    return distribution;
  }

  /**
   * CloudFront forwards `Authorization` if caching is disabled and the request policy passes on all headers but the host ("Configure
   * CloudFront to forward the Authorization header"). It chooses a behaviour by the path as it came, before the function changes it.
   */
  #apiBehavior({ host, tokenPath }: ConsoleSiteProps["api"]): cloudfront.BehaviorOptions {
    return {
      origin: new origins.HttpOrigin(host, {
        originPath: tokenPath,
        protocolPolicy: cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
        originSslProtocols: [cloudfront.OriginSslPolicy.TLS_V1_2],
      }),
      allowedMethods: cloudfront.AllowedMethods.ALLOW_ALL,
      viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
      cachePolicy: cloudfront.CachePolicy.CACHING_DISABLED,
      originRequestPolicy: cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
      functionAssociations: [
        {
          eventType: cloudfront.FunctionEventType.VIEWER_REQUEST,
          function: new cloudfront.Function(this, "WithoutPrefix", {
            code: cloudfront.FunctionCode.fromInline(withoutPrefix),
            runtime: cloudfront.FunctionRuntime.JS_2_0,
          }),
        },
      ],
    };
  }

  #headers(stage: string, issuerUrls: readonly string[]): cloudfront.ResponseHeadersPolicy {
    const issuerOrigins = [...new Set(issuerUrls.map((url) => new URL(url).origin))];
    const override = true;
    return new cloudfront.ResponseHeadersPolicy(this, "Headers", {
      responseHeadersPolicyName: `integra-bridge-${stage}-console`,
      securityHeadersBehavior: {
        contentSecurityPolicy: { contentSecurityPolicy: consolePolicy(issuerOrigins), override },
        contentTypeOptions: { override },
        frameOptions: { frameOption: cloudfront.HeadersFrameOption.DENY, override },
        referrerPolicy: { referrerPolicy: cloudfront.HeadersReferrerPolicy.NO_REFERRER, override },
        strictTransportSecurity: { accessControlMaxAge: Duration.days(365), includeSubdomains: true, override },
      },
      customHeadersBehavior: {
        customHeaders: [{ header: "permissions-policy", value: permissionsPolicy, override }],
      },
    });
  }
}

/** The API's routes do not begin with `/api`. */
const withoutPrefix = `function handler(event) {
  var request = event.request;
  request.uri = request.uri.replace(/^\\/api(?=\\/)/, "");
  return request;
}`;

function siteBucket(scope: Construct, retention: RetentionSettings): s3.Bucket {
  const bucket = new s3.Bucket(scope, "Files", {
    ...privateBucket(retention),
    encryption: s3.BucketEncryption.S3_MANAGED,
    lifecycleRules: [{ id: "old-versions", noncurrentVersionExpiration: Duration.days(retention.oldVersionDays) }],
  });
  const validations = Validations.of(bucket);
  const files =
    "The bucket has the console's files, which everybody may read through CloudFront. They are made from the sources.";
  for (const id of [
    "HIPAA.Security-S3DefaultEncryptionKMS",
    "HIPAA.Security-S3BucketReplicationEnabled",
    "HIPAA.Security-S3BucketLoggingEnabled",
    "AwsSolutions-S1",
  ])
    validations.acknowledge({ id, reason: files });
  return bucket;
}
