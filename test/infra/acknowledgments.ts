import { type App, Validations } from "aws-cdk-lib";

/** A finding of a tool that a construct acknowledges with a reason. */
export interface Acknowledgment {
  path: string;
  rule: string;
  reason: string;
}

/** Every acknowledgment of an app. */
export function acknowledgments(app: App): Acknowledgment[] {
  return app.node.findAll().flatMap(({ node }) =>
    node.metadata
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) => Object.entries(data as Record<string, string>))
      .map(([rule, reason]) => ({ path: node.path, rule, reason })),
  );
}
