import { Tokenization } from "aws-cdk-lib";

/** Lambda refuses a function whose environment variables are larger (Lambda quotas, "Environment variables"). */
export const mostEnvironmentBytes = 4096;

/** The length that is assumed for a value that is known at deployment only: an ARN, a name or the URL of an API. */
export const referenceBytes = 256;

/** How many bytes a function's environment variables take at most: the names and the values. */
function environmentBytes(variables: Record<string, string>): number {
  return Object.entries(variables).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueBytes(value), 0);
}

/** What a function's environment takes too much of, in one sentence; none if Lambda accepts it. */
export function environmentFaults(functionName: string, variables: Record<string, string>): string[] {
  const bytes = environmentBytes(variables);
  if (bytes <= mostEnvironmentBytes) return [];
  const [largest = ""] = Object.keys(variables).toSorted((a, b) => valueBytes(variables[b]) - valueBytes(variables[a]));
  return [
    `the environment of ${functionName} takes ${bytes} bytes, and Lambda allows ${mostEnvironmentBytes}: ` +
      `shorten the setting behind ${largest}, the largest variable`,
  ];
}

function valueBytes(value = ""): number {
  const fragments = Tokenization.reverseString(value).mapTokens({ mapToken: () => "x".repeat(referenceBytes) });
  return Buffer.byteLength(String(fragments.join({ join: (left, right) => `${left ?? ""}${right ?? ""}` }) ?? ""));
}
