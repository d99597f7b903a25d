import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, DefaultStackSynthesizer } from "aws-cdk-lib";
import { integraBridge } from "../../infra/app.ts";
import { cdkContext } from "./variant-app.ts";

/**
 * Synthesises the app in this process, which is quick from the second time on: the CDK is loaded, the functions are bundled.
 *
 * @param context what the CDK CLI is given by `--context`
 * @returns the folder of a cloud assembly for an AWS without the CDK's bootstrap, for `deployAssembly`; its manifests name
 *   the bundles where they are, instead of copies
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
