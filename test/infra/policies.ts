import { type Statement, statements } from "#cli/templates/policies.ts";
import type { Synthesised } from "#cli/templates/synthesised.ts";
import type { Resource } from "./synthesised.ts";

export { type Statement, statements } from "#cli/templates/policies.ts";

/** What the policies of a role allow. */
export function allowedTo(synth: Synthesised, role: unknown): Statement[] {
  return synth
    .resources("AWS::IAM::Policy")
    .filter(({ Properties: { Roles } }) => (Roles as unknown[]).includes(role))
    .flatMap(({ Properties: { PolicyDocument } }) => statements(PolicyDocument));
}

/** One line for each action and resource, for snapshots and comparisons. */
export const asLines = (allowed: Statement[]): string[] =>
  [
    ...new Set(
      allowed.flatMap(({ actions, resources }) => actions.flatMap((a) => resources.map((r) => `${a} → ${bare(r)}`))),
    ),
  ].toSorted();

const bare = (resource: string): string => resource.replace(/^<([^<>]*)>$/, "$1");

/** The bridge's own functions by their name, without those that the CDK adds. */
export function functionsOf(synth: Synthesised): [name: string, lambda: Resource][] {
  return synth.resources("AWS::Lambda::Function").flatMap((lambda) => {
    const { Variables } = (lambda.Properties["Environment"] ?? {}) as { Variables?: Record<string, string> };
    const name = Variables?.["POWERTOOLS_SERVICE_NAME"];
    return name === undefined ? [] : [[name, lambda]];
  });
}
