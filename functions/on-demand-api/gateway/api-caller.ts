import * as z from "zod";
import { callerUnits } from "#on-demand-api/language/access-record.ts";
import { ApiProblem } from "#on-demand-api/language/api-problem.ts";
import { environment } from "#platform/lambda/environment.ts";

/** How API Gateway identified a caller: by the signature (SigV4), or by a JWT. */
type AuthorizerKind = "iam" | "jwt";

/** How the stage's API identifies its callers. `both`: signed calls and calls with a JWT have routes of their own. */
const stageAuthorizers = z.enum(["iam", "jwt", "both"]);

const callerVariables = z.object({ API_AUTHORIZER: stageAuthorizers, API_CALLERS: z.enum(callerUnits) });

/** How callers are identified, and what counts as one caller. */
export interface CallerRules {
  authorizer: z.infer<typeof stageAuthorizers>;
  callers: (typeof callerUnits)[number];
}

export interface Caller {
  /** The owner of CCD requests and cursors. */
  identity: string;
  /** The principal that made the call, for the access record. */
  principal: string;
}

/** The rules of the stage, from the function's environment. */
export function callerRulesFromEnvironment(): CallerRules {
  const { API_AUTHORIZER: authorizer, API_CALLERS: callers } = environment(callerVariables);
  return { authorizer, callers };
}

const authorizerContexts = {
  iam: z.object({ iam: z.object({ userArn: z.string().startsWith("arn:") }) }).transform(({ iam }) => iam.userArn),
  // API Gateway passes each claim on as text. It accepts a token without an expiry; the bridge does not.
  jwt: z
    .object({
      jwt: z.object({
        claims: z.object({ iss: z.string().min(1), sub: z.string().min(1), exp: z.coerce.number().positive() }),
      }),
    })
    .transform(({ jwt: { claims } }) => `${claims.iss}#${claims.sub}`),
};

/** How the caller of a call must have been identified. */
function expectedAuthorizer({ authorizer }: CallerRules, byToken: boolean): AuthorizerKind {
  if (authorizer === "both") return byToken ? "jwt" : "iam";
  return authorizer;
}

/**
 * The caller, as API Gateway's authorizer identified it: the ARN of the IAM principal, or the issuer and subject of the JWT.
 * The ARN of an assumed role includes the session's name, unless the stage counts the role as one caller. API Gateway
 * refuses unidentified callers itself. This check refuses them as well, in case a route ever loses its authorizer.
 * @param context `requestContext.authorizer` of the event
 * @param byToken whether the call came by a route for callers with a token, on a stage that has such routes
 * @throws ApiProblem (401) if the context identifies no caller
 */
export function callerOf(context: unknown, rules: CallerRules, byToken = false): Caller {
  const kind = expectedAuthorizer(rules, byToken);
  const parsed = authorizerContexts[kind].safeParse(context);
  if (parsed.success) {
    const principal = parsed.data;
    return { principal, identity: kind === "iam" && rules.callers === "roles" ? withoutSession(principal) : principal };
  }
  throw new ApiProblem("The caller is unknown", {
    status: 401,
    issue: "security",
    detail:
      kind === "iam"
        ? "The request is not signed. Sign it with AWS Signature Version 4."
        : "The token is missing, or it lacks its issuer, subject or expiry (iss, sub, exp). Send a complete token.",
  });
}

/** `arn:aws:sts::…:assumed-role/<role>/<session>` without the session; any other principal unchanged (IAM, "Identifiers"). */
function withoutSession(arn: string): string {
  return arn.replace(/^(arn:[^:]*:sts::\d*:assumed-role\/[^/]+)\/.*$/, "$1");
}
