import * as z from "zod";
import { environment } from "#platform/lambda/environment.ts";
import { secretReader } from "#platform/lambda/secret-reader.ts";

const variables = z.object({ API_SECRET: z.string().min(1) });

/**
 * Reads the API's own secret, a random text that only the API's functions may read. It is read once per container, at its
 * first use.
 */
export function apiSecretFromEnvironment(): () => Promise<string> {
  const { API_SECRET: name } = environment(variables);
  const read = secretReader(name);
  let secret: string | undefined;
  return async () => {
    secret ??= (await read())?.text;
    if (secret === undefined)
      throw new Error(`the API's secret ${name} has no value: deploy the api stack, which generates it`);
    return secret;
  };
}
