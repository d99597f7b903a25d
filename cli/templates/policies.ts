import type { Properties } from "./synthesised.ts";

export interface Statement {
  Sid?: string;
  Effect: "Allow" | "Deny";
  Principal?: string | Record<string, unknown>;
  actions: string[];
  resources: string[];
  Condition?: Properties;
}

interface RawStatement extends Omit<Statement, "actions" | "resources"> {
  Action: string | string[];
  Resource?: string | string[];
}

/**
 * The statements of a policy document, with actions and resources as lists.
 * @throws Error if a statement uses a negation (NotAction, NotResource, NotPrincipal)
 */
export function statements(document: unknown): Statement[] {
  const { Statement } = document as { Statement: RawStatement | RawStatement[] };
  return [Statement].flat().map(({ Action, Resource = [], ...rest }) => {
    const negation = Object.keys(rest).find((name) => name.startsWith("Not"));
    if (negation !== undefined)
      throw new Error(`a policy's ${negation} is not supported here: list what it allows or denies instead`);
    return { ...rest, actions: [Action].flat(), resources: [Resource].flat() };
  });
}
