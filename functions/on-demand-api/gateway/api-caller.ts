import * as z from "zod";
import { callerUnits } from "#on-demand-api/language/access-record.ts";
import { ApiProblem } from "#on-demand-api/language/api-problem.ts";
import { environment } from "#platform/lambda/environment.ts";

/** How the stage's API knows its callers: by their signature (SigV4), or by a JWT. */
const authorizerKind = z.enum(["iam", "jwt"]);

const callerVariables = z.object({ API_AUTHORIZER: authorizerKind, API_CALLERS: z.enum(callerUnits) });

/** How callers are known, and who counts as one. */
export interface CallerRules {
  authorizer: z.infer<typeof authorizerKind>;
  callers: (typeof callerUnits)[number];
}

export interface Caller {
  /** Whose requests and cursors they are. */
  identity: string;
  /** Who really called: for the record. */
  principal: string;
}

/** The rules of the stage, by the function's environment. */
export function callerRulesFromEnvironment(): CallerRules {
  const { API_AUTHORIZER: authorizer, API_CALLERS: callers } = environment(callerVariables);
  return { authorizer, callers };
}

const authorizerContexts = {
  iam: z.object({ iam: z.object({ userArn: z.string().startsWith("arn:") }) }).transform(({ iam }) => iam.userArn),
  // API Gateway hands every claim on as text. It lets a token without an end pass: we do not.
  jwt: z
    .object({
      jwt: z.object({
        claims: z.object({ iss: z.string().min(1), sub: z.string().min(1), exp: z.coerce.number().positive() }),
      }),
    })
    .transform(({ jwt: { claims } }) => `${claims.iss}#${claims.sub}`),
};

/**
 * Who calls, as API Gateway's authorizer found out: the IAM principal's ARN (of an assumed role with its session's name,
 * unless the role counts as one caller), or the JWT's issuer and subject. API Gateway refuses whoever is neither; should a
 * route ever lose its authorizer, its callers are refused here.
 * @throws ApiProblem where there is no such context
 */
export function callerOf(context: unknown, { authorizer: kind, callers }: CallerRules): Caller {
  const parsed = authorizerContexts[kind].safeParse(context);
  if (parsed.success) {
    const principal = parsed.data;
    return { principal, identity: kind === "iam" && callers === "roles" ? withoutSession(principal) : principal };
  }
  throw new ApiProblem("The caller is not known", {
    status: 401,
    issue: "security",
    detail:
      kind === "iam"
        ? "The request is not signed (SigV4)."
        : "There is no token, or one without issuer, subject or end.",
  });
}

/** `arn:aws:sts::…:assumed-role/<role>/<session>` without the session; any other principal as it is (IAM, "Identifiers"). */
function withoutSession(arn: string): string {
  return arn.replace(/^(arn:[^:]*:sts::\d*:assumed-role\/[^/]+)\/.*$/, "$1");
}
