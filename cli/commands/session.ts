import { text } from "node:stream/consumers";
import { Option } from "commander";
import * as z from "zod";
import { clientAuthMethods, smartAuthMethods } from "#user-session/language/user-session.ts";
import { withPrompts } from "../input/prompts.ts";
import { addSession, clientMaterial, sessionGrants } from "../session/session-material.ts";
import { type CommandGroup, defineCommand } from "./command.ts";
import type { CommandContext } from "./command-context.ts";

const storedSession = z.strictObject({ secretName: z.string(), clientId: z.string() });

const add = defineCommand({
  usage: "add",
  summary: "Store the user session of a stage",
  details:
    "Tokens and secrets are no arguments, because other users of the machine can see those. At a terminal the command asks for them. " +
    "Otherwise the first line of standard input is the refresh token, and the second one the client's secret, unless the method is none. " +
    "With --grant authorization_code the first line is the code that the portal shows. The command exchanges it for a refresh token, which " +
    "can be done only once. If the authorization request had a code challenge, the third line is its code verifier.",
  options: [
    new Option("--client-id <id>", "the client that the session belongs to").makeOptionMandatory(),
    new Option("--auth-method <method>", "how the client authenticates")
      .choices(clientAuthMethods)
      .makeOptionMandatory(),
    new Option("--grant <grant>", "what the first line is").choices(sessionGrants).default("refresh_token"),
    new Option("--redirect-uri <uri>", "the redirect URI of the authorization request, if it had one"),
    new Option("--token-url <url>", "the token endpoint for the code; default: that of the stage's settings"),
  ],
  input: z.object({
    clientId: z.string().min(1),
    authMethod: z.enum(clientAuthMethods),
    grant: z.enum(sessionGrants),
    redirectUri: z.string().optional(),
    tokenUrl: z.url().optional(),
  }),
  answer: storedSession,
  run: async (context, { tokenUrl, clientId, ...more }) => {
    const byCode = more.grant === "authorization_code";
    const lines = await readLines(context, [
      byCode ? "Authorization code" : "Refresh token",
      more.authMethod === "none" ? undefined : "Client secret",
      ...(byCode ? ["Code verifier (empty: none)"] : []),
    ]);
    const stage = await context.stage();
    const { stageSession } = await import("../session/stage-session.ts");
    const ports = stageSession(stage, tokenUrl, context.progress.note);
    const { secretName } = ports;
    await addSession(ports, { clientId, ...more, redirectUri: more.redirectUri, lines });
    const stored = `the session is stored (${secretName}); its first use refreshes it`;
    return { value: { secretName, clientId }, text: stored };
  },
});

const addClient = defineCommand({
  usage: "add-client",
  summary: "Store the client of SMART launches",
  details:
    "The client's secret is no argument. At a terminal the command asks for it. Otherwise it is the first line of standard input. " +
    "The methods none and private_key_jwt have no secret. private_key_jwt signs with the key of the stage's client (integra keys), and " +
    "needs the setting smart.privateKeyJwt.",
  options: [
    new Option("--client-id <id>", "the client id that IntegraConnect assigned").makeOptionMandatory(),
    new Option("--auth-method <method>", "how the client authenticates")
      .choices(smartAuthMethods)
      .makeOptionMandatory(),
  ],
  input: z.object({ clientId: z.string().min(1), authMethod: z.enum(smartAuthMethods) }),
  answer: storedSession,
  run: async (context, { clientId, authMethod }) => {
    const hasSecret = authMethod.startsWith("client_secret");
    const lines = await readLines(context, hasSecret ? ["Client secret"] : []);
    const secret = clientMaterial({ clientId, authMethod, lines });
    const stage = await context.stage();
    const { storeSmartClient } = await import("../session/stage-session.ts");
    const secretName = await storeSmartClient(stage, secret);
    const stored = `the client of SMART launches is stored (${secretName}); the next launch uses it`;
    return { value: { secretName, clientId }, text: stored };
  },
});

/** Lines of standard input, or the answers of a person at a terminal, which are not shown. A line without a question is empty. */
async function readLines(
  { streams, signal }: CommandContext,
  questions: readonly (string | undefined)[],
): Promise<string> {
  if (questions.length === 0) return "";
  if (streams.input.isTTY !== true) return await text(streams.input);
  return await withPrompts(streams, signal, async ({ askHidden }) => {
    const lines: string[] = [];
    for (const question of questions) lines.push(question === undefined ? "" : await askHidden(question));
    return lines.join("\n");
  });
}

export const session: CommandGroup = {
  noun: "session",
  summary: "The user session of a stage, and the client of SMART launches",
  commands: [add, addClient],
};
