import { parseArgs } from "node:util";
import { createKey, describeKeys, registerClient, retireKey, rotateKeys } from "./keys/key-commands.ts";
import { stageKeys } from "./keys/stage-keys.ts";

const usage = `usage: npm run keys -- create   --stage <stage>
       npm run keys -- register --stage <stage> --client-id <id> --scope <scope>
       npm run keys -- list     --stage <stage>
       npm run keys -- rotate   --stage <stage>
       npm run keys -- retire   --stage <stage> --kid <kid>

create    makes the client's key, or the next one, straight in Secrets Manager or KMS. Prints what to send to Product Support
register  stores the client id and the scope that Product Support assigned
list      shows each key: next, current, retired or gone
rotate    makes the next key current, and adds the one after it
retire    takes a next key out of the secret, or a retired key out of the public key set at once

No private key is printed or written to a file. If AWS_ENDPOINT_URL is set, as for the local AWS, the command runs there.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    stage: { type: "string" },
    kid: { type: "string" },
    "client-id": { type: "string" },
    scope: { type: "string" },
  },
});
const { stage, kid, scope, "client-id": clientId } = values;
const command = positionals.join(" ");

const run =
  stage === undefined
    ? undefined
    : {
        create: async () => createKey(await stageKeys(stage)),
        list: async () => describeKeys(await stageKeys(stage)),
        rotate: async () => rotateKeys(await stageKeys(stage)),
        register:
          clientId === undefined || scope === undefined
            ? undefined
            : async () => registerClient(await stageKeys(stage), { clientId, scope }),
        retire: kid === undefined ? undefined : async () => retireKey(await stageKeys(stage), kid),
      }[command];

if (run === undefined) {
  console.error(usage);
  process.exitCode = 2;
} else {
  try {
    console.log(await run());
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
