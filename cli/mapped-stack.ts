import { SourceMap } from "node:module";
import type { FunctionBundle } from "#infra/function-bundles.ts";

/** A place in a function's bundle, as a stack trace names it: `file:///var/task/index.mjs:1:2345`. */
const placePattern = /[^\s("]*\bindex\.mjs:(\d+):(\d+)/g;

/**
 * A line of a function's log with its stack traces mapped: each place in the bundle becomes a place in the sources, as a path
 * from the repository's root. Line breaks within the traces are printed as such. A line without such a place stays as it is.
 * @param bundleOf the bundle of a function, made from this checkout
 * @param functionName the function that the line is from, if the line itself does not say it
 * @throws Error if the line is from another build than the one that this checkout makes, or does not say its function
 */
export function mapStacks(line: string, bundleOf: (name: string) => FunctionBundle, functionName?: string): string {
  if (line.match(placePattern) === null) return line;
  const name = member(line, "service") ?? functionName;
  if (name === undefined)
    throw new Error("a line with a stack trace does not say its function: add --function with the function's name");
  const { build, sourceMap } = bundleOf(name);
  const logged = member(line, "build");
  if (logged !== undefined && logged !== build)
    throw new Error(
      `the line is from build ${logged} of ${name}, and this checkout makes build ${build}: check out the deployed commit, run npm ci, and try again`,
    );
  const map = new SourceMap(JSON.parse(sourceMap));
  return line.replaceAll("\\n", "\n").replace(placePattern, (place, lineNumber, columnNumber) => {
    const origin = map.findOrigin(Number(lineNumber), Number(columnNumber));
    return "fileName" in origin ? `${origin.fileName}:${origin.lineNumber}:${origin.columnNumber}` : place;
  });
}

/** A text member of the JSON object in a log line. Some tools print a time and the log stream before the object. */
function member(line: string, name: string): string | undefined {
  return new RegExp(`"${name}":\\s*"([\\w-]+)"`).exec(line)?.[1];
}
