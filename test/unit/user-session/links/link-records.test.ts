import { type DynamoDBDocumentClient, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { describe, expect, it } from "vitest";
import { linkRecords } from "#user-session/links/link-records.ts";
import { createLink, linkIdOf, loginsInMemory } from "../../../fixtures/login-in-memory.ts";

/** The SDK's retry after a lost answer: each update is sent twice. */
function sendingTwice(client: DynamoDBDocumentClient): DynamoDBDocumentClient {
  const send = async (command: UpdateCommand) => {
    if (command instanceof UpdateCommand) await client.send(command);
    return await client.send(command);
  };
  return Object.assign(Object.create(client) as DynamoDBDocumentClient, { send });
}

describe("the records of links", () => {
  it("return the first link if one with its id is created again", async () => {
    const logins = loginsInMemory();
    const first = await createLink(logins);
    expect(await logins.records.create({ ...first, caller: "another" })).toEqual(first);
  });

  it("let one of two changes win", async () => {
    const logins = loginsInMemory();
    const record = await createLink(logins);
    const read = async () => {
      const stored = await logins.records.find(linkIdOf(1));
      if (stored === undefined) throw new Error("no link");
      return stored;
    };
    const [one, other] = [await read(), await read()];
    expect(await logins.records.replace(one, { ...record, reference: "one" })).toBe(true);
    expect(await logins.records.replace(other, { ...record, reference: "other" })).toBe(false);
    expect((await read()).record.reference).toBe("one");
  });

  it("recognise their own change if its answer was lost", async () => {
    const logins = loginsInMemory();
    const record = await createLink(logins);
    const records = linkRecords(sendingTwice(logins.table.client), "ledger");
    const stored = await records.find(linkIdOf(1));
    expect(stored && (await records.replace(stored, { ...record, reference: "r" }))).toBe(true);
  });

  it("expire a month after a launch that linked nobody, and never once a person is linked", async () => {
    const logins = loginsInMemory();
    const record = await createLink(logins);
    const key = `link#${linkIdOf(1)}`;
    const days = (Number(logins.table.items.get(key)?.["expiresAt"]?.N) - logins.clock.now / 1000) / 86_400;
    expect(Math.floor(days)).toBe(30);
    const stored = await logins.records.find(linkIdOf(1));
    const linked = {
      sessionId: "s",
      issuer: "i",
      subject: "p",
      patient: null,
      scope: null,
      tokenUrl: "https://login.example/token",
      revocationUrl: null,
      linkedAt: logins.clock.now,
    };
    if (stored !== undefined) await logins.records.replace(stored, { ...record, linked });
    expect(logins.table.items.get(key)).not.toHaveProperty("expiresAt");
  });
});
