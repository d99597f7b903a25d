import { ApiProblem } from "./api-problem.ts";

/** The problem of a call that is about another patient than its link's. The title names no patient, because it is logged. */
export function otherPatient(detail: string): ApiProblem {
  return new ApiProblem("The link serves another patient", { status: 403, issue: "forbidden", detail });
}
