import { Duration, RemovalPolicy, Validations } from "aws-cdk-lib";
import * as apigateway from "aws-cdk-lib/aws-apigateway";
import * as apigatewayv2 from "aws-cdk-lib/aws-apigatewayv2";
import { HttpIamAuthorizer, HttpJwtAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import * as logs from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { apiRoutes, routesOf } from "#on-demand-api/language/api-routes.ts";
import type { ApiSettings } from "../../settings/on-demand-api.ts";
import { grantStartRetrieval } from "../ccd-retrieval/start-access.ts";
import { grantBucket } from "../platform/bucket-access.ts";
import { type FunctionDefaults, LambdaFunction } from "../platform/lambda-function.ts";
import { grantLedger } from "../platform/ledger-access.ts";
import type { SharedResources } from "../platform/shared-resources.ts";
import type { UserSession } from "../user-session/user-session.ts";
import { ApiSecret } from "./api-secret.ts";

export interface OnDemandApiProps {
  shared: SharedResources;
  userSession: UserSession;
  settings: ApiSettings;
  functions: FunctionDefaults;
}

/** API Gateway waits for 30 s at most (API Gateway, "Quotas for HTTP APIs"), so the functions have to end before. */
const functionTimeout = Duration.seconds(28);

/**
 * The HTTP API: its routes with their authorizer, its throttle and access log, and one function for each group of routes.
 * Callers sign their calls (SigV4), or send a JWT if the stage's settings name an issuer.
 */
export class OnDemandApi extends Construct {
  /** The URL that callers use: the setting `api.publicUrl`, or API Gateway's own URL. */
  readonly url: string;
  readonly apiId: string;
  readonly #props: OnDemandApiProps;
  readonly #api: apigatewayv2.HttpApi;
  readonly #secret: ApiSecret;

  constructor(scope: Construct, id: string, props: OnDemandApiProps) {
    super(scope, id);
    this.#props = props;
    const { settings, functions } = props;
    this.#api = new apigatewayv2.HttpApi(this, "Api", {
      apiName: `integra-bridge-${functions.stage}`,
      description: "Patients, resources and CCDs on demand",
      createDefaultStage: false,
      defaultAuthorizer: authorizer(settings),
    });
    this.#secret = new ApiSecret(this, "ApiSecret", functions);
    this.apiId = this.#api.apiId;
    this.url = settings.publicUrl ?? this.#api.apiEndpoint;
    this.#stage();
    this.#function("OpenApi", "openapi");
    this.#fhirApi();
    this.#ccdRequests();
  }

  #stage(): void {
    const { settings, functions } = this.#props;
    const accessLog = new logs.LogGroup(this, "AccessLog", {
      retention: functions.logDays,
      encryptionKey: functions.key,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    new apigatewayv2.HttpStage(this, "Stage", {
      httpApi: this.#api,
      stageName: "$default",
      autoDeploy: true,
      throttle: { rateLimit: settings.throttle.callsPerSecond, burstLimit: settings.throttle.burst },
      accessLogSettings: {
        destination: new apigatewayv2.LogGroupLogDestination(accessLog),
        format: apigateway.AccessLogFormat.custom(JSON.stringify(accessLine(settings))),
      },
    });
  }

  #fhirApi(): void {
    const { shared, userSession } = this.#props;
    const lambda = this.#function("FhirApi", "fhir-api");
    this.#identifyCallers(lambda);
    userSession.grantSession(shared, lambda);
    this.#secret.grantRead(lambda);
  }

  #ccdRequests(): void {
    const { shared, userSession, functions, settings } = this.#props;
    const lambda = this.#function("CcdRequests", "ccd-requests");
    lambda.setEnvironment({ SHARED_DOCUMENTS: String(settings.sharedDocuments) });
    this.#identifyCallers(lambda);
    userSession.grantSession(shared, lambda);
    grantLedger(shared, lambda, { ccdRequest: ["GetItem", "PutItem"] });
    grantBucket(shared, lambda, { read: ["ccds/*"] });
    this.#secret.grantRead(lambda);
    grantStartRetrieval(lambda, functions.stage);
  }

  /** A function with its routes. */
  #function(id: string, name: Parameters<typeof routesOf>[0]): LambdaFunction {
    const { functions } = this.#props;
    const lambda = new LambdaFunction(this, id, functions, { name, timeout: functionTimeout, memoryMiB: 512 });
    const integration = new HttpLambdaIntegration(`${id}Integration`, lambda.function);
    for (const key of routesOf(name)) {
      const [method = "", path = ""] = key.split(" ");
      const methods = [apigatewayv2.HttpMethod[method as keyof typeof apigatewayv2.HttpMethod]];
      const { open } = apiRoutes[key];
      const routes = this.#api.addRoutes({
        path,
        methods,
        integration,
        ...(open && { authorizer: new apigatewayv2.HttpNoneAuthorizer() }),
      });
      for (const route of open ? routes : []) {
        const reason = "The API's description is public. It contains no data of a person.";
        Validations.of(route).acknowledge({ id: "AwsSolutions-APIG4", reason });
      }
    }
    return lambda;
  }

  /** Lets a function identify its callers and record each call in the audit trail. */
  #identifyCallers(lambda: LambdaFunction): void {
    const { shared, settings } = this.#props;
    lambda.setEnvironment({
      API_URL: this.url,
      API_AUTHORIZER: settings.jwt === undefined ? "iam" : "jwt",
      API_CALLERS: settings.callers,
    });
    grantBucket(shared, lambda, { write: ["audit/access/*.json"] });
  }
}

function authorizer({ jwt }: ApiSettings): apigatewayv2.IHttpRouteAuthorizer {
  if (jwt === undefined) return new HttpIamAuthorizer();
  return new HttpJwtAuthorizer("Jwt", jwt.issuer, { jwtAudience: jwt.audience });
}

/** A line of the access log. It has the route's key, but no path and no query: those may name a patient. */
function accessLine({ jwt }: ApiSettings): Record<string, string> {
  return {
    requestId: "$context.requestId",
    time: "$context.requestTime",
    route: "$context.routeKey",
    status: "$context.status",
    latencyMs: "$context.responseLatency",
    principal: jwt === undefined ? "$context.identity.userArn" : "$context.authorizer.claims.sub",
    refusal: "$context.authorizer.error",
    integrationStatus: "$context.integrationStatus",
  };
}
