import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, DefaultStackSynthesizer } from "aws-cdk-lib";
import { integraBridge } from "../../infra/app.ts";
import { cdkContext } from "./variant-app.ts";

/**
 * Synthesises the app in this process. From the second time on this is quick, because the CDK is loaded and the functions are
 * bundled.
 *
 * @param context the values of the CDK CLI's `--context`
 * @returns the folder of a cloud assembly for an AWS without the CDK's bootstrap, for `deployAssembly`; its manifests refer
 *   to the original bundles, not to copies
 */
export function bridgeAssembly(context: Record<string, string>): string {
  const outdir = mkdtempSync(join(tmpdir(), "integra-bridge-synth-"));
  const app = new App({
    outdir,
    context: { ...cdkContext, ...context, "aws:cdk:disable-asset-staging": true },
    defaultStackSynthesizer: new DefaultStackSynthesizer({
      fileAssetsBucketName: "assets",
      generateBootstrapVersionRule: false,
    }),
  });
  integraBridge(app).synth();
  return outdir;
}
