import { Aws, Duration, Validations } from "aws-cdk-lib";
import * as apigateway from "aws-cdk-lib/aws-apigateway";
import * as apigatewayv2 from "aws-cdk-lib/aws-apigatewayv2";
import { HttpIamAuthorizer, HttpJwtAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import { Certificate } from "aws-cdk-lib/aws-certificatemanager";
import type * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import * as logs from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { ccdKeys } from "#ccd-retrieval/language/ccd-keys.ts";
import { accessKeys } from "#on-demand-api/language/access-keys.ts";
import {
  type ApiRouteKey,
  apiRoutes,
  type ClosedRouteKey,
  routesOf,
  tokenPrefix,
  tokenRouteKey,
} from "#on-demand-api/language/api-routes.ts";
import { keyPattern, keyPatterns } from "#platform/bucket/object-keys.ts";
import type { ApiSettings } from "../../settings/on-demand-api.ts";
import { type AcceptedExportSettings, grantExportsOverHttp } from "../bulk-export/exports-over-http.ts";
import { grantStartRetrieval } from "../ccd-retrieval/start-access.ts";
import { grantAudit, grantBucket } from "../platform/bucket-access.ts";
import { type FunctionDefaults, LambdaFunction, type LambdaFunctionProps } from "../platform/lambda-function.ts";
import { grantLedger, grantLists } from "../platform/ledger-access.ts";
import type { SharedResources } from "../platform/shared-resources.ts";
import type { UserSession } from "../user-session/user-session.ts";
import { ApiSecret } from "./api-secret.ts";

/** The stage's client at IntegraConnect, as far as the health of the stage needs it. */
interface ExaminedClient {
  /** Lets a function examine the client's secret, and the addresses of the server. */
  grantExamination(lambda: LambdaFunction): void;
}

export interface OnDemandApiProps {
  shared: SharedResources;
  userSession: UserSession;
  client: ExaminedClient;
  /** The setting `clientKey.rotateEveryDays`. */
  rotateEveryDays: number | undefined;
  settings: ApiSettings;
  /** What the stage accepts as an export, and how long it keeps exports. */
  exports: AcceptedExportSettings;
  functions: FunctionDefaults;
}

/** API Gateway waits for 30 s at most (API Gateway, "Quotas for HTTP APIs"), so the functions have to end before. */
const functionTimeout = Duration.seconds(28);

/**
 * The HTTP API: its routes with their authorizer, its throttle and access log, and one function for each group of routes.
 * Callers sign their calls (SigV4), or send a JWT if the stage's settings name an issuer. If the stage accepts both, each
 * route for known callers is there twice.
 */
export class OnDemandApi extends Construct {
  /** The URL that callers use: the setting `api.publicUrl`, the name in `api.domain`, or API Gateway's own URL. */
  readonly url: string;
  readonly apiId: string;
  /** The name of the API's own address, or of `api.domain`. */
  readonly host: string;
  /** With what the paths of calls with a token begin: nothing, or a path without a slash at its end. */
  readonly tokenPath: string;
  /** The API under a name of the user's own; undefined if the settings name none. */
  readonly domain: apigatewayv2.DomainName | undefined;
  readonly #props: OnDemandApiProps;
  readonly #authorizers: Authorizers;
  readonly #api: apigatewayv2.HttpApi;
  readonly #secret: ApiSecret;
  readonly #openRoutes: { key: string; route: apigatewayv2.HttpRoute }[] = [];

  constructor(scope: Construct, id: string, props: OnDemandApiProps) {
    super(scope, id);
    this.#props = props;
    const { settings, functions } = props;
    this.#authorizers = authorizersOf(settings);
    this.#api = new apigatewayv2.HttpApi(this, "Api", {
      apiName: `integra-bridge-${functions.stage}`,
      description: "Patients, resources and CCDs on demand",
      createDefaultStage: false,
      ...(settings.domain && { disableExecuteApiEndpoint: true }),
      defaultAuthorizer: this.#authorizers.first,
    });
    this.#secret = new ApiSecret(this, "ApiSecret", functions);
    this.apiId = this.#api.apiId;
    this.domain = settings.domain && this.#domain(settings.domain);
    this.tokenPath = this.#authorizers.second ? tokenPrefix : "";
    this.host = settings.domain?.name ?? `${this.apiId}.execute-api.${Aws.REGION}.${Aws.URL_SUFFIX}`;
    const ownUrl = settings.domain && `https://${settings.domain.name}/`;
    this.url = settings.publicUrl ?? ownUrl ?? this.#api.apiEndpoint;
    this.#function("OpenApi", "openapi");
    grantLedger(props.shared, this.#function("Jwks", "jwks"), { clientKeys: ["GetItem"] });
    this.#fhirApi();
    this.#ccdRequests();
    this.#ccdDocuments();
    this.#exports();
    this.#health();
    this.#links();
    this.#smartPages();
    this.#stage();
  }

  #domain({ name, certificateArn }: NonNullable<ApiSettings["domain"]>): apigatewayv2.DomainName {
    return new apigatewayv2.DomainName(this, "Domain", {
      domainName: name,
      certificate: Certificate.fromCertificateArn(this, "Certificate", certificateArn),
      securityPolicy: apigatewayv2.SecurityPolicy.TLS_1_2,
    });
  }

  #stage(): void {
    const { settings, functions } = this.#props;
    const accessLog = new logs.LogGroup(this, "AccessLog", functions.logs);
    const stage = new apigatewayv2.HttpStage(this, "Stage", {
      httpApi: this.#api,
      stageName: "$default",
      autoDeploy: true,
      throttle: { rateLimit: settings.throttle.callsPerSecond, burstLimit: settings.throttle.burst },
      accessLogSettings: {
        destination: new apigatewayv2.LogGroupLogDestination(accessLog),
        format: apigateway.AccessLogFormat.custom(JSON.stringify(accessLine(settings))),
      },
    });
    const { domain: domainName } = this;
    if (domainName) new apigatewayv2.ApiMapping(this, "DomainMapping", { api: this.#api, domainName, stage });
    this.#throttleOpenRoutes(stage);
  }

  /**
   * Gives each open route limits of its own. API Gateway refuses the settings of a route that does not exist yet, so the stage waits
   * for the open routes. CloudFormation takes these settings as JSON, so they have its own names.
   */
  #throttleOpenRoutes(stage: apigatewayv2.HttpStage): void {
    const { callsPerSecond, burst } = this.#props.settings.openThrottle;
    const limits = { ThrottlingRateLimit: callsPerSecond, ThrottlingBurstLimit: burst };
    const keys = this.#openRoutes.map(({ key }) => key);
    (stage.node.defaultChild as apigatewayv2.CfnStage).routeSettings = Object.fromEntries(
      keys.map((key) => [key, limits]),
    );
    for (const { route } of this.#openRoutes) stage.node.addDependency(route);
  }

  #fhirApi(): void {
    const lambda = this.#function("FhirApi", "fhir-api", { callsServer: true });
    this.#identifyCallers(lambda);
    this.#grantSessions(lambda);
    this.#secret.grantRead(lambda);
  }

  /** Lets a function make calls under the stage's session or a link's. */
  #grantSessions(lambda: LambdaFunction): void {
    const { shared, userSession, settings } = this.#props;
    lambda.setEnvironment({ SERVICE_SESSION: String(settings.serviceSession) });
    userSession.grantSession(shared, lambda);
  }

  #ccdRequests(): void {
    const { shared, functions, settings } = this.#props;
    const lambda = this.#function("CcdRequests", "ccd-requests", { callsServer: true });
    lambda.setEnvironment({ SHARED_DOCUMENTS: String(settings.sharedDocuments) });
    this.#identifyCallers(lambda);
    this.#grantSessions(lambda);
    grantLedger(shared, lambda, { ccdRequest: ["GetItem", "PutItem"] });
    grantLists(shared, lambda);
    grantBucket(shared, lambda, { read: [keyPattern(ccdKeys.index)] });
    this.#secret.grantRead(lambda);
    grantStartRetrieval(lambda, functions.stage);
  }

  /**
   * The only function of the API that reads documents. It has no session and no secret. A page is held in memory as a whole, and the
   * memory also decides how fast it is written: 1,769 MiB are one full vCPU (Lambda, "Configure Lambda function memory").
   */
  #ccdDocuments(): void {
    const { shared, settings } = this.#props;
    const lambda = this.#function("CcdDocuments", "ccd-documents", { memoryMiB: 1769 });
    lambda.setEnvironment({ SHARED_DOCUMENTS: String(settings.sharedDocuments) });
    this.#identifyCallers(lambda);
    grantLedger(shared, lambda, { ccdRequest: ["GetItem"] });
    const { index, document, page } = keyPatterns(ccdKeys);
    // A link has the rights of the function that signed it.
    grantBucket(shared, lambda, { read: [index, document, page], write: [page] });
  }

  /** The only function of the API that reaches exports. It reads their files only by links and previews. */
  #exports(): void {
    const { shared, functions, settings, exports } = this.#props;
    const lambda = this.#function("Exports", "exports");
    lambda.setEnvironment({ EXPORT_CALLERS: JSON.stringify(settings.exports) });
    this.#identifyCallers(lambda);
    this.#secret.grantRead(lambda);
    grantExportsOverHttp(shared, lambda, { stage: functions.stage, ...exports });
  }

  /** Its probes of the server carry no credentials. It reads the client's secret, and has no right to store, to sign or to publish. */
  #health(): void {
    const { shared, userSession, settings, client, rotateEveryDays, functions } = this.#props;
    const lambda = this.#function("Health", "health", { callsServer: true });
    lambda.setEnvironment({
      STAGE: functions.stage,
      EXPORT_CALLERS: JSON.stringify(settings.exports),
      SERVICE_SESSION: String(settings.serviceSession),
      ...(rotateEveryDays !== undefined && { ROTATE_EVERY_DAYS: String(rotateEveryDays) }),
    });
    this.#identifyCallers(lambda);
    client.grantExamination(lambda);
    userSession.grantServiceSessionState(shared, lambda);
    grantLedger(shared, lambda, { clientKeys: ["GetItem"], progress: ["GetItem"] });
    grantLists(shared, lambda);
  }

  #links(): void {
    const { shared, userSession } = this.#props;
    const lambda = this.#function("Links", "links", { callsServer: true });
    this.#identifyCallers(lambda);
    userSession.grantLinks(shared, lambda);
    this.#secret.grantRead(lambda);
  }

  #smartPages(): void {
    const { shared, userSession } = this.#props;
    const lambda = this.#function("SmartPages", "smart", { callsServer: true });
    this.#recordCalls(lambda);
    userSession.grantLogins(shared, lambda);
  }

  /** A metric of the API over all of its routes (API Gateway, "Metrics for HTTP APIs"). */
  metric(name: "Count" | "4xx" | "5xx" | "Latency", statistic: string, period: Duration): cloudwatch.Metric {
    return this.#api.metric(name, { statistic, period });
  }

  /** A function with its routes. */
  #function(
    id: string,
    name: Parameters<typeof routesOf>[0],
    more: Pick<LambdaFunctionProps, "callsServer" | "memoryMiB"> = {},
  ): LambdaFunction {
    const { functions } = this.#props;
    const lambda = new LambdaFunction(this, id, functions, { name, timeout: functionTimeout, memoryMiB: 512, ...more });
    const integration = new HttpLambdaIntegration(`${id}Integration`, lambda.function);
    for (const key of routesOf(name)) {
      if (apiRoutes[key].open) this.#addOpenRoute(key, integration);
      else this.#addClosedRoute(key as ClosedRouteKey, integration);
    }
    return lambda;
  }

  #addClosedRoute(key: ClosedRouteKey, integration: HttpLambdaIntegration): void {
    this.#api.addRoutes({ ...placeOf(key), integration });
    const { second } = this.#authorizers;
    if (second) this.#api.addRoutes({ ...placeOf(tokenRouteKey(key)), integration, authorizer: second });
  }

  #addOpenRoute(key: ApiRouteKey, integration: HttpLambdaIntegration): void {
    const authorizer = new apigatewayv2.HttpNoneAuthorizer();
    for (const route of this.#api.addRoutes({ ...placeOf(key), integration, authorizer })) {
      const reason =
        apiRoutes[key].servedBy === "smart"
          ? "Browsers of people open these pages. A one-time URL, a registered EHR or a login's cookie decides what they may do."
          : "The API's description and the public keys contain no data of a person. The route has a throttle of its own.";
      Validations.of(route).acknowledge({ id: "AwsSolutions-APIG4", reason });
      this.#openRoutes.push({ key, route });
    }
  }

  /** Lets a function identify its callers and record each call in the audit trail. */
  #identifyCallers(lambda: LambdaFunction): void {
    const { settings } = this.#props;
    this.#recordCalls(lambda);
    lambda.setEnvironment({
      API_AUTHORIZER: this.#authorizers.kind,
      API_CALLERS: settings.callers,
    });
  }

  /** Lets a function record each call in the audit trail. */
  #recordCalls(lambda: LambdaFunction): void {
    lambda.setEnvironment({ API_URL: this.url });
    grantAudit(this.#props.shared, lambda, { add: [keyPattern(accessKeys.record)] });
  }
}

interface Authorizers {
  /** How the functions have to identify callers. */
  kind: "iam" | "jwt" | "both";
  first: apigatewayv2.IHttpRouteAuthorizer;
  /** The authorizer of the routes for callers with a token, beside those for signed calls. */
  second?: apigatewayv2.IHttpRouteAuthorizer;
}

function authorizersOf({ jwt }: ApiSettings): Authorizers {
  if (jwt === undefined) return { kind: "iam", first: new HttpIamAuthorizer() };
  const byToken = new HttpJwtAuthorizer("Jwt", jwt.issuer, { jwtAudience: jwt.audience });
  if (!jwt.besideSignatures) return { kind: "jwt", first: byToken };
  return { kind: "both", first: new HttpIamAuthorizer(), second: byToken };
}

/** Path and method of a route's key. */
function placeOf(key: string): { path: string; methods: apigatewayv2.HttpMethod[] } {
  const [method = "", path = ""] = key.split(" ");
  return { path, methods: [apigatewayv2.HttpMethod[method as keyof typeof apigatewayv2.HttpMethod]] };
}

/** A line of the access log. It has the route's key, but no path and no query: those may name a patient. */
function accessLine({ jwt }: ApiSettings): Record<string, string> {
  return {
    requestId: "$context.requestId",
    time: "$context.requestTime",
    route: "$context.routeKey",
    status: "$context.status",
    latencyMs: "$context.responseLatency",
    ...((jwt === undefined || jwt.besideSignatures) && { principal: "$context.identity.userArn" }),
    ...(jwt && { [jwt.besideSignatures ? "subject" : "principal"]: "$context.authorizer.claims.sub" }),
    refusal: "$context.authorizer.error",
    integrationStatus: "$context.integrationStatus",
  };
}
