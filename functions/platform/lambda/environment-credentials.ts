/*
 * The credentials of a function. Lambda puts those of the function's role into its environment (Lambda, "Defined runtime
 * environment variables"). The bundler puts this module in the place of `@aws-sdk/credential-provider-node`, which the SDK's
 * clients load by themselves: its chain also knows profiles, SSO, processes, web identities and metadata services, which no
 * function needs (infra/bundle-functions.ts). Commands on an operator's machine keep the chain.
 */

export { fromEnv as defaultProvider } from "@aws-sdk/credential-provider-env";
