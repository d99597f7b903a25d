import { SourceMap } from "node:module";
import type { FunctionBundle } from "#infra/function-bundles.ts";

/** A place in a function's bundle, as a stack trace names it: `/var/task/index.js:1:2345`. */
const placePattern = /[^\s("]*\bindex\.js:(\d+):(\d+)/g;

/** The bundles that this checkout makes. */
interface Bundles {
  ofFunction(name: string): FunctionBundle;
  ofBuild(build: string): FunctionBundle | undefined;
}

/**
 * A line of a function's log with its stack traces mapped: each place in the bundle becomes a place in the sources, as a path
 * from the repository's root. Line breaks within the traces are printed as such. A line without such a place stays as it is.
 * @param functionName the function that the line is from, for lines that do not say their build
 * @throws Error if the line is from a build that this checkout does not make, or if neither it nor the caller says what it is from
 */
export function mapStacks(line: string, bundles: Bundles, functionName?: string): string {
  if (line.match(placePattern) === null) return line;
  const { sourceMap } = bundleOf(line, bundles, functionName);
  const map = new SourceMap(JSON.parse(sourceMap));
  return line.replaceAll("\\n", "\n").replace(placePattern, (place, lineNumber, columnNumber) => {
    const origin = map.findOrigin(Number(lineNumber), Number(columnNumber));
    return "fileName" in origin ? `${origin.fileName}:${origin.lineNumber}:${origin.columnNumber}` : place;
  });
}

function bundleOf(line: string, bundles: Bundles, functionName: string | undefined): FunctionBundle {
  const build = /"build":\s*"(\w+)"/.exec(line)?.[1];
  if (build === undefined) {
    if (functionName !== undefined) return bundles.ofFunction(functionName);
    throw new Error("a line with a stack trace does not say its build: add --function with the function's name");
  }
  const bundle = bundles.ofBuild(build);
  if (bundle !== undefined) return bundle;
  throw new Error(
    `a line is from build ${build}, which this checkout does not make: check out the deployed commit, run npm ci, and try again`,
  );
}
