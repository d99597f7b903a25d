import { Option } from "commander";
import * as z from "zod";
import { createdKey, keyList, registeredClient, retiredKey } from "../keys/key-answers.ts";
import { createdKeyText, keyListText, registeredClientText, retiredKeyText } from "../keys/key-texts.ts";
import { type CommandGroup, defineCommand } from "./command.ts";
import type { CommandContext } from "./command-context.ts";

const nothing = z.object({});

/** The AWS clients of the keys take a while to load. */
async function openKeys(context: CommandContext) {
  const { stage, access } = await context.stage();
  const { stageKeys } = await import("../keys/stage-keys.ts");
  return await stageKeys(stage, access);
}

const create = defineCommand({
  usage: "create",
  summary: "Make the client's key, or the next one, and print what to send to Product Support",
  details: "The private key goes straight to Secrets Manager or is in KMS. It is never printed or written to a file.",
  input: nothing,
  answer: createdKey,
  run: async (context) => {
    const { createKey } = await import("../keys/key-commands.ts");
    const value = await createKey(await openKeys(context));
    return { value, text: createdKeyText(value) };
  },
});

const register = defineCommand({
  usage: "register",
  summary: "Store the client id and the scope that Product Support assigned",
  options: [
    new Option("--client-id <id>", "the client id").makeOptionMandatory(),
    new Option("--scope <scope>", "the scope, such as system/*.read").makeOptionMandatory(),
  ],
  input: z.object({ clientId: z.string().min(1), scope: z.string().min(1) }),
  answer: registeredClient,
  run: async (context, assigned) => {
    const { registerClient } = await import("../keys/key-commands.ts");
    const value = await registerClient(await openKeys(context), assigned);
    return { value, text: registeredClientText(value) };
  },
});

const list = defineCommand({
  usage: "list",
  summary: "Show each key: next, current, retired or gone",
  input: nothing,
  answer: keyList,
  run: async (context) => {
    const { describeKeys } = await import("../keys/key-commands.ts");
    const value = await describeKeys(await openKeys(context));
    return { value, text: keyListText(value) };
  },
});

const rotate = defineCommand({
  usage: "rotate",
  summary: "Make the next key current, and add the one after it",
  input: nothing,
  answer: keyList,
  run: async (context) => {
    const { rotateKeys } = await import("../keys/key-commands.ts");
    const value = await rotateKeys(await openKeys(context));
    return { value, text: keyListText(value) };
  },
});

const retire = defineCommand({
  usage: "retire",
  summary: "Take a next key out of the secret, or a retired key out of the public key set at once",
  options: [new Option("--kid <kid>", "the key's id, as keys list shows it").makeOptionMandatory()],
  input: z.object({ kid: z.string().min(1) }),
  answer: retiredKey,
  run: async (context, { kid }) => {
    const { retireKey } = await import("../keys/key-commands.ts");
    const value = await retireKey(await openKeys(context), kid);
    return { value, text: retiredKeyText(value) };
  },
});

export const keys: CommandGroup = {
  noun: "keys",
  summary: "The keys of a stage's client",
  commands: [create, register, list, rotate, retire],
};
