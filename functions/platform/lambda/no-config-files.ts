/*
 * The bundler puts this module in the place of the AWS SDK's reader of `~/.aws/config` and `~/.aws/credentials`
 * (infra/lean-sdk.ts). Lambda has no such files: a function is set up by its environment. The SDK's own reader would load
 * Node's `fs/promises` at each cold start, and look for the files before a client's first request.
 */

/** What the SDK's reader returns if there are no files: no profile in either of them. */
export const loadSharedConfigFiles = async (): Promise<{ configFile: object; credentialsFile: object }> => ({
  configFile: {},
  credentialsFile: {},
});
