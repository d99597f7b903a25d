import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { clientAuthMethods, sessionSecret } from "#contracts/user-session.ts";

const usage = `usage: npm run session -- add --stage <stage> --client-id <id> --auth-method ${clientAuthMethods.join("|")}

Puts the user session of a stage in place. Reads the refresh token from standard input and, from a second line, the
client's secret, unless the method is none: neither belongs into a command line, which others can see.

  printf '%s\\n%s\\n' "$REFRESH_TOKEN" "$CLIENT_SECRET" | npm run session -- add --stage prod …

With AWS_ENDPOINT_URL set, as for the local AWS, it goes there.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { stage: { type: "string" }, "client-id": { type: "string" }, "auth-method": { type: "string" } },
});

if (positionals.join() !== "add" || values.stage === undefined || values["client-id"] === undefined) {
  console.error(usage);
  process.exitCode = 2;
} else {
  const [refreshToken, clientSecret] = (await text(process.stdin)).split("\n").map((line) => line.trim());
  const session = sessionSecret.safeParse({
    refresh_token: refreshToken,
    client_id: values["client-id"],
    ...(clientSecret ? { client_secret: clientSecret } : {}),
    auth_method: values["auth-method"],
  });
  if (session.success) {
    const SecretId = `integra-bridge/${values.stage}/user-session`;
    const SecretString = JSON.stringify(session.data);
    await new SecretsManagerClient().send(new PutSecretValueCommand({ SecretId, SecretString }));
    console.log(`the session is in place (${SecretId}); its first use refreshes it`);
  } else {
    for (const { path, message } of session.error.issues)
      console.error(`${path.join(".") || "the session"} ${message}`);
    process.exitCode = 1;
  }
}
