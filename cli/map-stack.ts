import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { bundleOfBuild, functionBundle } from "#infra/function-bundles.ts";
import { mapStacks } from "./mapped-stack.ts";

const usage = `usage: npm run map-stack [-- --function <name>] < log.txt
       aws logs tail <log group> | npm run map-stack

Reads lines of a function's log, and prints them with their stack traces mapped to the sources. Run it in a checkout of the
deployed commit, after npm ci: it makes the bundles again, and with them their source maps. The bridge's own lines say their
build, and a line from another build is refused. Lines that Lambda writes itself, for example about a function that does not
start, do not say it. For them add --function with the name of the function's folder, and make sure that you have the commit.`;

const { values, positionals } = parseArgs({ allowPositionals: true, options: { function: { type: "string" } } });

if (positionals.length > 0 || process.stdin.isTTY) {
  console.error(usage);
  process.exitCode = 2;
} else {
  try {
    const bundles = { ofFunction: functionBundle, ofBuild: bundleOfBuild };
    for await (const line of createInterface({ input: process.stdin }))
      console.log(mapStacks(line, bundles, values.function));
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
