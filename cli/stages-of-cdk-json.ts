import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";

/** The stages of this repository's cdk.json, as they are written there. */
export function stagesOfCdkJson(): unknown {
  const cdkJson: unknown = JSON.parse(readFileSync(join(import.meta.dirname, "..", "cdk.json"), "utf8"));
  return z.object({ context: z.object({ stages: z.unknown() }) }).parse(cdkJson).context.stages;
}
