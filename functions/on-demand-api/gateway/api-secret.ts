import * as z from "zod";
import { environment } from "#platform/lambda/environment.ts";
import { secretReader } from "#platform/lambda/secret-reader.ts";

const variables = z.object({ API_SECRET: z.string().min(1) });

/** The API's own secret, random and known to nobody: read once per container, as soon as it is needed. */
export function apiSecretFromEnvironment(): () => Promise<string> {
  const { API_SECRET: name } = environment(variables);
  const read = secretReader(name);
  let known: string | undefined;
  return async () => {
    known ??= (await read())?.text;
    if (known === undefined) throw new Error(`the API's secret ${name} is missing`);
    return known;
  };
}
