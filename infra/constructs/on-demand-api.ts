import { Duration, RemovalPolicy, Validations } from "aws-cdk-lib";
import * as apigateway from "aws-cdk-lib/aws-apigateway";
import * as apigatewayv2 from "aws-cdk-lib/aws-apigatewayv2";
import { HttpIamAuthorizer, HttpJwtAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import * as logs from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { apiRoutes, routesOf } from "#on-demand-api/language/api-routes.ts";
import type { StageSettings } from "../settings.ts";
import type { LandingStack } from "../stacks/landing-stack.ts";
import { ApiSecret } from "./api-secret.ts";
import { ccdRetrievalName, grantExecutions, grantStart } from "./execution-access.ts";
import { grantLanding, grantLedger } from "./landing-access.ts";
import { type FunctionDefaults, StepFunctionLambda } from "./step-function-lambda.ts";

export interface OnDemandApiProps {
  landing: LandingStack;
  settings: StageSettings["api"];
  functions: FunctionDefaults;
}

/** API Gateway gives up after 30 s at most (API Gateway, "Quotas for HTTP APIs"): the function is to end before. */
const answerTime = Duration.seconds(28);

/**
 * The HTTP API: its routes with their authorizer, throttled and logged, and a function for each part of it. Callers sign
 * (SigV4), or bring a JWT where the stage's settings name an issuer.
 */
export class OnDemandApi extends Construct {
  /** Where callers reach it: the setting `api.publicUrl`, or API Gateway's own address. */
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
    const { landing } = this.#props;
    const lambda = this.#function("FhirApi", "fhir-api");
    this.#knowCallers(lambda);
    landing.userSession.grantSession(landing, lambda);
    this.#secret.grantRead(lambda);
  }

  #ccdRequests(): void {
    const { landing, functions, settings } = this.#props;
    const lambda = this.#function("CcdRequests", "ccd-requests");
    lambda.setEnvironment({ SHARED_DOCUMENTS: String(settings.sharedDocuments) });
    this.#knowCallers(lambda);
    landing.userSession.grantSession(landing, lambda);
    grantLedger(landing, lambda, { ccdRequest: ["GetItem", "PutItem"] });
    grantLanding(landing, lambda, { read: ["ccds/*"] });
    this.#secret.grantRead(lambda);
    const machine = ccdRetrievalName(functions.stage);
    grantStart(lambda, machine);
    // A POST that comes again meets its execution.
    grantExecutions(lambda, machine, ["states:DescribeExecution"]);
  }

  /** A function with its routes. */
  #function(id: string, name: Parameters<typeof routesOf>[0]): StepFunctionLambda {
    const { functions } = this.#props;
    const lambda = new StepFunctionLambda(this, id, functions, { name, timeout: answerTime, memoryMiB: 512 });
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
        const reason = "The API's description is public: it says nothing about anybody.";
        Validations.of(route).acknowledge({ id: "AwsSolutions-APIG4", reason });
      }
    }
    return lambda;
  }

  /** Lets a function see to it that its callers are known, and keep the record of their calls. */
  #knowCallers(lambda: StepFunctionLambda): void {
    const { landing, settings } = this.#props;
    lambda.setEnvironment({
      API_URL: this.url,
      API_AUTHORIZER: settings.jwt === undefined ? "iam" : "jwt",
      API_CALLERS: settings.callers,
    });
    grantLanding(landing, lambda, { write: ["audit/access/*.json"] });
  }
}

function authorizer({ jwt }: StageSettings["api"]): apigatewayv2.IHttpRouteAuthorizer {
  if (jwt === undefined) return new HttpIamAuthorizer();
  return new HttpJwtAuthorizer("Jwt", jwt.issuer, { jwtAudience: jwt.audience });
}

/** A line of the access log. By the route's key: a path or a query may name a patient. */
function accessLine({ jwt }: StageSettings["api"]): Record<string, string> {
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
