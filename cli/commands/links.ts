import { randomUUID } from "node:crypto";
import { Option } from "commander";
import * as z from "zod";
import {
  createdLink,
  type LinkView,
  linkBody,
  linkPage,
  linkView,
  removedLink,
} from "#on-demand-api/language/link-messages.ts";
import { linkId } from "#user-session/language/link-id.ts";
import { table } from "../output/table.ts";
import { readableTime } from "../output/units.ts";
import { type CommandGroup, defineCommand } from "./command.ts";
import { limitInput, limitOption, listText, takeItems } from "./listing.ts";

const oneLink = z.object({ linkId });

const create = defineCommand({
  usage: "create",
  summary: "Make a link for one of your users, who signs in by it",
  details: "Open the link's url in your user's browser. Anyone who has the url can sign in by it, so keep it secret.",
  options: [
    new Option("--reference <text>", "your own id of the user; use no name and no number of a patient"),
    new Option("--return-url <url>", "the page that the browser opens at the end (setting smart.returnUrls)"),
    new Option("--scope <scope...>", "some of the setting smart.scopes; default: all of them"),
    new Option("--reconnect <linkId>", "one of your links, whose user signs in once more"),
  ],
  input: z
    .object({ ...linkBody.omit({ launch: true, scopes: true }).shape, scope: linkBody.shape.scopes })
    .transform(({ scope, ...body }) => ({ launch: "standalone" as const, ...body, ...(scope && { scopes: scope }) })),
  answer: createdLink,
  run: async (context, body) => {
    const api = await (await context.stage()).api();
    const headers = { "idempotency-key": randomUUID() };
    const value = await api.read(createdLink, { method: "POST", path: "/links", body, headers });
    return { value, text: described(value, [["url", value.url]]) };
  },
});

const linkList = z.strictObject({ links: z.array(linkView), complete: z.boolean() });

const list = defineCommand({
  usage: "list",
  summary: "List your links, the newest first",
  options: [limitOption("links")],
  input: z.object({ limit: limitInput }),
  answer: linkList,
  run: async (context, { limit }) => {
    const api = await (await context.stage()).api();
    const taken = await takeItems(api.pages(linkPage, "/links"), ({ links }) => links, limit);
    const text = listText(taken, { limit, none: "you have no links", tableOf: linkTable });
    return { value: { links: taken.items, complete: taken.complete }, text };
  },
});

function linkTable(links: readonly LinkView[]): string {
  const rows = links.map(({ id, state, createdAt, patient: only, reference }) => [
    id,
    state,
    readableTime(createdAt),
    only ?? "any",
    reference ?? "-",
  ]);
  return table([["id", "state", "created (UTC)", "patient", "reference"], ...rows]).join("\n");
}

const show = defineCommand({
  usage: "show <linkId>",
  summary: "Show one of your links",
  input: oneLink,
  answer: linkView,
  run: async (context, { linkId: id }) => {
    const api = await (await context.stage()).api();
    const value = await api.read(linkView, { path: `/links/${id}` });
    return { value, text: described(value) };
  },
});

const remove = defineCommand({
  usage: "remove <linkId>",
  summary: "Remove a link and its tokens, here and at IntegraConnect",
  input: oneLink,
  answer: removedLink,
  run: async (context, { linkId: id }) => {
    const api = await (await context.stage()).api();
    const value = await api.read(removedLink, { method: "DELETE", path: `/links/${id}` });
    return { value, text: `removed ${id}. Its refresh token at the server: ${value.atServer}` };
  },
});

function described(link: LinkView, more: string[][] = []): string {
  const rows = [
    ["id", link.id],
    ["state", link.state],
    ["created", `${readableTime(link.createdAt)} UTC`],
    ["linked", link.linkedAt === null ? "-" : `${readableTime(link.linkedAt)} UTC`],
    ["patient", link.patient ?? "any"],
    ["reference", link.reference ?? "-"],
    ...(link.message === null ? [] : [["reason", link.message]]),
    ...more,
  ];
  return table(rows).join("\n");
}

export const links: CommandGroup = {
  noun: "links",
  summary: "Links, by which users sign in at IntegraConnect",
  commands: [create, list, show, remove],
};
