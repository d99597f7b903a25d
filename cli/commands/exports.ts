import { randomUUID } from "node:crypto";
import { Option } from "commander";
import * as z from "zod";
import { exportId } from "#bulk-export/language/export-id.ts";
import { exportStates } from "#bulk-export/language/export-progress.ts";
import { exportLevels } from "#bulk-export/language/export-request.ts";
import { idempotencyKey } from "#on-demand-api/language/call-headers.ts";
import {
  exportBody,
  exportFilePage,
  exportFileView,
  exportPage,
  exportQuery,
  exportView,
} from "#on-demand-api/language/export-messages.ts";
import type { ApiClient } from "../client/api-client.ts";
import { saveExport } from "../client/save-export.ts";
import { watchExport } from "../client/watch-export.ts";
import { CommandFailed, notUnderstood } from "../output/command-failed.ts";
import { exitCodes } from "../output/exit-codes.ts";
import { exitCodeOf, exportTable, exportText, fileTable } from "../output/export-text.ts";
import { readableBytes, readableCount } from "../output/units.ts";
import { type CommandGroup, defineCommand } from "./command.ts";
import type { CommandContext } from "./command-context.ts";
import { limitInput, limitOption, listText, takeItems } from "./listing.ts";

const oneExport = z.object({ exportId });
const watchOption = () => new Option("--watch", "show the progress until the export has ended");

const start = defineCommand({
  usage: "start",
  summary: "Request an export",
  options: [
    new Option("--level <level>", "what is exported").choices(exportLevels).makeOptionMandatory(),
    new Option("--group <id>", "the group, at level group"),
    new Option("--type <type...>", "only resources of these types"),
    new Option("--since <instant>", "only what changed since then, such as 2026-01-31T00:00:00Z or last-completed"),
    new Option("--key <text>", "an Idempotency-Key: the same key and options are the same export"),
    watchOption(),
  ],
  input: z
    .object({
      level: exportBody.shape.level,
      group: exportBody.shape.groupId,
      type: exportBody.shape.types,
      since: exportBody.shape.since,
      key: idempotencyKey.optional(),
      watch: z.boolean().default(false),
    })
    .transform(({ group, type, since, level, ...more }) => ({
      ...more,
      body: { level, groupId: group, types: type, since },
    })),
  answer: exportView,
  run: async (context, { body, key, watch }) => {
    const api = await (await context.stage()).api();
    const headers = { "idempotency-key": key ?? randomUUID() };
    const started = await api.read(exportView, { method: "POST", path: "/exports", body, headers });
    return await answerOf(context, api, started, watch);
  },
});

const exportList = z.strictObject({ exports: z.array(exportView), complete: z.boolean() });

const list = defineCommand({
  usage: "list",
  summary: "List exports, the newest first",
  options: [
    new Option("--state <state>", "only exports in this state").choices(exportStates),
    new Option("--level <level>", "only exports of this level").choices(exportLevels),
    new Option("--group <id>", "only exports of this group"),
    new Option("--from <instant>", "only exports that were requested at this time or later"),
    new Option("--to <instant>", "only exports that were requested at this time or earlier"),
    limitOption("exports"),
  ],
  input: z.object({
    ...exportQuery.omit({ after: true, groupId: true }).shape,
    group: exportQuery.shape.groupId,
    limit: limitInput,
  }),
  answer: exportList,
  run: async (context, { limit, group, ...filters }) => {
    const api = await (await context.stage()).api();
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries({ ...filters, groupId: group }))
      if (value !== undefined) query.set(name, value);
    const path = query.size === 0 ? "/exports" : `/exports?${query.toString()}`;
    const taken = await takeItems(api.pages(exportPage, path), ({ exports }) => exports, limit);
    const text = listText(taken, { limit, none: "there are no such exports", tableOf: exportTable });
    return { value: { exports: taken.items, complete: taken.complete }, text };
  },
});

const show = defineCommand({
  usage: "show <exportId>",
  summary: "Show an export: what happens now, or how it ended and where the time went",
  input: oneExport,
  answer: exportView,
  run: async (context, { exportId: id }) => {
    const api = await (await context.stage()).api();
    const value = await api.read(exportView, { path: `/exports/${id}` });
    return { value, text: exportText(value) };
  },
});

const watch = defineCommand({
  usage: "watch <exportId>",
  summary: "Show the progress of an export until it has ended",
  input: oneExport,
  answer: exportView,
  run: async (context, { exportId: id }) => {
    const api = await (await context.stage()).api();
    return await answerOf(context, api, await api.read(exportView, { path: `/exports/${id}` }), true);
  },
});

const fileList = z.strictObject({ files: z.array(exportFileView), complete: z.boolean() });

const files = defineCommand({
  usage: "files <exportId>",
  summary: "List the files of an export, the missing ones with their reason",
  options: [limitOption("files")],
  input: oneExport.extend({ limit: limitInput }),
  answer: fileList,
  run: async (context, { exportId: id, limit }) => {
    const api = await (await context.stage()).api();
    const pages = api.pages(exportFilePage, `/exports/${id}/files`);
    const taken = await takeItems(pages, (page) => page.files, limit);
    const text = listText(taken, { limit, none: "the export has no files yet", tableOf: fileTable });
    return { value: { files: taken.items, complete: taken.complete }, text };
  },
});

const savedExport = z.strictObject({
  exportId,
  files: z.array(
    z.strictObject({
      number: z.int().positive(),
      file: z.string(),
      bytes: z.int().nonnegative(),
      kept: z.boolean().describe("Whether the file was there before, and is whole."),
    }),
  ),
  left: z.array(exportFileView).describe("The files that are missing or did not land yet."),
});

const get = defineCommand({
  usage: "get <exportId>",
  summary: "Save the landed files of an export on this machine",
  details:
    "Each file is compared with its size and its checksum. Files that are there already and whole are kept, so after Ctrl-C the same " +
    "command goes on. Only you can read the files.",
  options: [
    new Option("--out <folder>", "the folder below which the files are saved").default("exports"),
    new Option("--type <type...>", "only files of these resource types"),
    new Option("--number <number...>", "only these files, by their numbers"),
  ],
  input: oneExport.extend({
    out: z.string().min(1),
    type: z.array(z.string()).optional(),
    number: z.array(z.coerce.number("must be numbers").int().positive()).optional(),
  }),
  answer: savedExport,
  run: async (context, { exportId: id, out, type, number }) => {
    const api = await (await context.stage()).api();
    const pages = api.pages(exportFilePage, `/exports/${id}/files`);
    const { items } = await takeItems(pages, (page) => page.files, Infinity);
    const chosen = items.filter(
      (file) => (type?.includes(file.resourceType) ?? true) && (number?.includes(file.number) ?? true),
    );
    if (items.length === 0)
      throw new CommandFailed(`${id} has no files`, {
        exitCode: exitCodes.endedInPart,
        action: `run integra export show ${id}: it says what the export waits for, or how it ended`,
      });
    if (chosen.length === 0) throw notUnderstood(`${id} has no such files`);
    const left = chosen.filter(({ state }) => state !== "landed");
    const landed = chosen.filter(({ state }) => state === "landed");
    const saved = await saveExport(context, api, { exportId: id, files: landed, out });
    const bytes = saved.reduce((sum, file) => sum + file.bytes, 0);
    const lines = [
      `saved ${readableCount(saved.length)} files (${readableBytes(bytes)}) below ${out}/${id}`,
      ...(left.length === 0 ? [] : [`${readableCount(left.length)} files are not there:`, fileTable(left)]),
    ];
    const exitCode = left.length === 0 ? exitCodes.done : exitCodes.endedInPart;
    return { value: { exportId: id, files: saved, left }, text: lines.join("\n"), exitCode };
  },
});

const cancel = defineCommand({
  usage: "cancel <exportId>",
  summary: "Stop an export",
  input: oneExport,
  answer: exportView,
  run: async (context, { exportId: id }) => {
    const api = await (await context.stage()).api();
    const value = await api.read(exportView, { method: "POST", path: `/exports/${id}/cancel` });
    return { value, text: exportText(value) };
  },
});

const resume = defineCommand({
  usage: "resume <exportId>",
  summary: "Download the missing files of an export that ended partial or failed",
  options: [watchOption()],
  input: oneExport.extend({ watch: z.boolean().default(false) }),
  answer: exportView,
  run: async (context, { exportId: id, watch: watched }) => {
    const api = await (await context.stage()).api();
    const resumed = await api.read(exportView, { method: "POST", path: `/exports/${id}/resume` });
    return await answerOf(context, api, resumed, watched);
  },
});

/** The export, once it has ended if the user watches it. */
async function answerOf(context: CommandContext, api: ApiClient, view: z.infer<typeof exportView>, watched: boolean) {
  if (!watched) return { value: view, text: `${exportText(view)}\n\nWatch it: integra export watch ${view.exportId}` };
  const value = await watchExport(context, api, view);
  return { value, text: exportText(value), exitCode: exitCodeOf(value) };
}

export const exports: CommandGroup = {
  noun: "export",
  summary: "Export resources of many patients",
  commands: [start, list, show, watch, files, get, cancel, resume],
};
