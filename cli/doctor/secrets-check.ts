import { clientSecretFinding } from "#client-keys/language/client-findings.ts";
import { type Finding, failed, ok, warning } from "#platform/findings/findings.ts";
import { SessionSecretUnusable } from "#user-session/language/session-faults.ts";
import { sessionSecret, smartClientSecret } from "#user-session/language/user-session.ts";
import { parseSecret } from "#user-session/session-secret.ts";

export interface SecretsPorts {
  stage: string;
  /** The setting `api.serviceSession`: whether calls without a link use the stage's own session. */
  serviceSession: boolean;
  /** The current text of a secret of the stage, by the last part of its name; undefined if it has no value. */
  readSecret: (part: string) => Promise<string | undefined>;
}

/*
 * Each secret of the stage has a value in its documented form. No finding has a value of a secret.
 */

/** The secret of the backend client: its keys, client id and scope. */
export const checkClientSecret =
  ({ stage, readSecret }: SecretsPorts) =>
  async (): Promise<Finding> =>
    clientSecretFinding(stage, await readSecret("client"));

/** The secret of the stage's own user session. */
export const checkSessionSecret =
  ({ stage, serviceSession, readSecret }: SecretsPorts) =>
  async (): Promise<Finding> => {
    const name = `integra-bridge/${stage}/user-session`;
    const text = await readSecret("user-session");
    if (!isStored(text)) {
      const seen = `${name} has no session`;
      if (!serviceSession) return ok(`${seen}, and the setting api.serviceSession says that none is needed`);
      return warning(
        `${seen}: calls without a link are answered with 503`,
        `run npm run session -- add --stage ${stage}, or set api.serviceSession to false`,
      );
    }
    return shapeFinding(
      name,
      () => parseSecret(text, sessionSecret, name),
      `run npm run session -- add --stage ${stage}`,
    );
  };

/** The secret of the client of SMART launches. */
export const checkSmartClientSecret =
  ({ stage, readSecret }: SecretsPorts) =>
  async (): Promise<Finding> => {
    const name = `integra-bridge/${stage}/smart-client`;
    const text = await readSecret("smart-client");
    const action = `run npm run session -- add-client --stage ${stage}`;
    if (!isStored(text)) return warning(`${name} has no client: users cannot be linked`, `to link users, ${action}`);
    return shapeFinding(name, () => parseSecret(text, smartClientSecret, name), action);
  };

/** The random value from which the API derives its keys. */
export const checkApiSecret =
  ({ stage, readSecret }: SecretsPorts) =>
  async (): Promise<Finding> => {
    const name = `integra-bridge/${stage}/api`;
    if (((await readSecret("api")) ?? "").length >= 32)
      return ok(`${name} has the value that Secrets Manager generated`);
    return failed(
      `${name} has no value of at least 32 characters`,
      "store 64 random letters and digits in it. Cursors and one-time URLs that were given out end with that",
    );
  };

function shapeFinding(name: string, parse: () => unknown, action: string): Finding {
  try {
    parse();
    return ok(`${name} has its documented form`);
  } catch (error) {
    if (!(error instanceof SessionSecretUnusable)) throw error;
    return failed(error.message, action);
  }
}

/** Whether an operator stored something. A secret that CloudFormation has just created has a random text. */
export function isStored(text: string | undefined): text is string {
  return text?.trimStart().startsWith("{") === true;
}
