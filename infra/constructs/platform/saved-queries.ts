import * as logs from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { LambdaFunction } from "./lambda-function.ts";

/** A question of the runbook as a query of CloudWatch Logs Insights. */
export interface SavedQuery {
  /** The question, as its name in the console. */
  name: string;
  /** The codes of the log lines that answer it. Empty: all lines. */
  codes: readonly string[];
  /** The commands after the filter on the codes. */
  commands: readonly string[];
}

/** The query as CloudWatch reads it (CloudWatch Logs, "Logs Insights language query syntax"). */
export function queryText({ codes, commands }: Omit<SavedQuery, "name">): string {
  const filter = codes.length > 0 ? [`filter code in [${codes.map((code) => `"${code}"`).join(", ")}]`] : [];
  return [...filter, ...commands].join("\n| ");
}

export interface SavedQueriesProps {
  stage: string;
  /** The folder of the queries in the console, below the stage's own. */
  folder: string;
  queries: readonly SavedQuery[];
}

/** Saved queries over the log groups of all functions of a stack. Add them after the functions. */
export class SavedQueries extends Construct {
  constructor(scope: Construct, id: string, { stage, folder, queries }: SavedQueriesProps) {
    super(scope, id);
    const functions = scope.node.findAll().filter((one) => one instanceof LambdaFunction);
    const logGroupNames = functions.map(({ function: lambda }) => lambda.logGroup.logGroupName);
    queries.forEach((query, index) => {
      new logs.CfnQueryDefinition(this, `Query${index + 1}`, {
        name: `integra-bridge-${stage}/${folder}/${query.name}`,
        queryString: queryText(query),
        logGroupNames,
      });
    });
  }
}
