import * as z from "zod";
import { ApiProblem } from "#contracts/api-problems.ts";

/** How the stage's API knows its callers: by their signature (SigV4), or by a JWT. */
export const authorizerKind = z.enum(["iam", "jwt"]);

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
 * Who calls, as API Gateway's authorizer found out: the IAM principal's ARN (of an assumed role with its session's name), or
 * the JWT's issuer and subject. API Gateway refuses whoever is neither; should a route ever lose its authorizer, its
 * callers are refused here.
 * @throws ApiProblem where there is no such context
 */
export function callerOf(authorizer: unknown, kind: z.infer<typeof authorizerKind>): string {
  const parsed = authorizerContexts[kind].safeParse(authorizer);
  if (parsed.success) return parsed.data;
  throw new ApiProblem("The caller is not known", {
    status: 401,
    issue: "security",
    detail:
      kind === "iam"
        ? "The request is not signed (SigV4)."
        : "There is no token, or one without issuer, subject or end.",
  });
}
