import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { Option } from "commander";
import * as z from "zod";
import { ccdRequestId } from "#ccd-retrieval/language/ccd-request-id.ts";
import { idempotencyKey } from "#on-demand-api/language/call-headers.ts";
import {
  type CcdRequestBody,
  type CcdRequestView,
  ccdRequestBody,
  ccdRequestPage,
  ccdRequestView,
  listedCcdRequest,
} from "#on-demand-api/language/ccd-request-messages.ts";
import type { ApiClient } from "../client/api-client.ts";
import { readLinked, saveFile } from "../client/save-file.ts";
import { askForDemographics } from "../input/demographics.ts";
import { fromOption, readPersonalInput, withoutEmpty } from "../input/personal-input.ts";
import type { Prompts } from "../input/prompts.ts";
import { ccdText } from "../output/ccd-text.ts";
import { isUnavailable } from "../output/command-failed.ts";
import { exitCodes } from "../output/exit-codes.ts";
import { table } from "../output/table.ts";
import { readableTime } from "../output/units.ts";
import { type CommandAnswer, type CommandGroup, defineCommand } from "./command.ts";
import type { CommandContext } from "./command-context.ts";
import { limitInput, limitOption, listText, takeItems } from "./listing.ts";

/** A CCD request with all its documents, and the files that were saved. */
const shownRequest = ccdRequestView.omit({ next: true }).extend({
  saved: z.array(z.strictObject({ number: z.int().positive(), file: z.string(), bytes: z.int().nonnegative() })),
});
type ShownRequest = z.infer<typeof shownRequest>;

const savingOptions = [
  new Option("--out <folder>", "save the documents below this folder"),
  new Option("--html", "save them as pages for people instead of XML"),
];
const savingInput = { out: z.string().min(1).optional(), html: z.boolean().default(false) };
interface Saving {
  out?: string | undefined;
  html: boolean;
}

/** An option that has no effect must not look as if it had one. */
const hasFolder = ({ html, out }: Saving): boolean => !html || out !== undefined;
const htmlNeedsFolder = { path: ["html"], error: "needs --out <folder>, which says where the pages are saved" };

const request = defineCommand({
  usage: "request",
  summary: "Request a patient's CCDs, and wait for them",
  details:
    "Who the patient is, is no argument, because a shell's history and the list of processes would keep it. At a terminal the command " +
    'asks for it. Otherwise it reads a JSON object: {"patientId": "…"}, or {"patient": {"gender": "…", "birthDate": "…", "phone": "…"}} ' +
    "with email instead of phone or beside it, and given and family if you know them.",
  options: [
    new Option(fromOption, "a file with the patient as a JSON object; - is standard input"),
    new Option("--link <id>", "the link under which the request is made"),
    new Option("--start-date <instant>", "the start of the period, such as 2026-01-31T00:00:00Z"),
    new Option("--end-date <instant>", "the end of the period"),
    new Option("--key <text>", "an Idempotency-Key: the same key and input are the same request"),
    new Option("--no-wait", "print the request's id at once"),
    ...savingOptions,
  ],
  input: z
    .object({
      from: z.string().optional(),
      link: ccdRequestBody.shape.link,
      startDate: ccdRequestBody.shape.startDate,
      endDate: ccdRequestBody.shape.endDate,
      key: idempotencyKey.optional(),
      wait: z.boolean(),
      ...savingInput,
    })
    .refine(hasFolder, htmlNeedsFolder)
    .refine(({ wait, out }) => wait || out === undefined, {
      path: ["out"],
      error: "saves nothing with --no-wait: later use integra ccd get <requestId> --out <folder>",
    }),
  answer: shownRequest,
  run: async (context, { from, key, wait, out, html, ...more }) => {
    const schema = z
      .looseObject({})
      .transform((given) => ({ ...given, ...defined(more) }))
      .pipe(ccdRequestBody);
    const body: CcdRequestBody = await readPersonalInput(context, { from, schema, ask: askForPatient });
    const api = await (await context.stage()).api();
    const headers = { "idempotency-key": key ?? randomUUID(), ...(wait && { prefer: "wait=20" }) };
    const first = await api.read(ccdRequestView, { method: "POST", path: "/ccd-requests", body, headers });
    const ended = wait ? await awaitEnd(context, api, first) : first;
    return await answerWith(context, api, ended, { out, html });
  },
});

const get = defineCommand({
  usage: "get <requestId>",
  summary: "Show a CCD request, and save its documents",
  options: savingOptions,
  input: z.object({ requestId: ccdRequestId, ...savingInput }).refine(hasFolder, htmlNeedsFolder),
  answer: shownRequest,
  run: async (context, { requestId, out, html }) => {
    const api = await (await context.stage()).api();
    const found = await api.read(ccdRequestView, { path: `/ccd-requests/${requestId}` });
    return await answerWith(context, api, found, { out, html });
  },
});

const ccdRequestList = z.strictObject({ requests: z.array(listedCcdRequest), complete: z.boolean() });

const list = defineCommand({
  usage: "list",
  summary: "List your CCD requests, the newest first",
  options: [limitOption("requests")],
  input: z.object({ limit: limitInput }),
  answer: ccdRequestList,
  run: async (context, { limit }) => {
    const api = await (await context.stage()).api();
    const pages = api.pages(ccdRequestPage, "/ccd-requests");
    const taken = await takeItems(pages, ({ requests }) => requests, limit);
    const text = listText(taken, { limit, none: "you made no CCD requests", tableOf: requestTable });
    return { value: { requests: taken.items, complete: taken.complete }, text };
  },
});

function requestTable(requests: readonly z.infer<typeof listedCcdRequest>[]): string {
  const rows = requests.map(({ requestId, state, requestedAt, endedAt, failure }) => [
    requestId,
    state,
    readableTime(requestedAt),
    readableTime(endedAt),
    failure?.name ?? "",
  ]);
  return table([["id", "state", "requested (UTC)", "ended (UTC)", ""], ...rows]).join("\n");
}

async function askForPatient(prompts: Prompts): Promise<object> {
  const patientId = await prompts.ask("Patient id (empty: search by demographics)");
  if (patientId !== "") return { patientId };
  return { patient: withoutEmpty(await askForDemographics(prompts)) };
}

/** The server takes seconds to minutes. */
const pollMs = 2_000;

async function awaitEnd(context: CommandContext, api: ApiClient, first: CcdRequestView): Promise<CcdRequestView> {
  const { progress, signal, sleep } = context;
  const path = `/ccd-requests/${first.requestId}`;
  let newest = first;
  try {
    while (newest.state === "pending") {
      progress.show({ message: `waiting for the documents of ${first.requestId}`, files: { done: 0, total: null } });
      await sleep(pollMs);
      newest = await api.read(ccdRequestView, { path });
    }
  } catch (error) {
    if (signal.aborted || isUnavailable(error))
      progress.note(`${first.requestId} goes on at AWS. Its documents: integra ccd get ${first.requestId}`);
    throw error;
  } finally {
    progress.clear();
  }
  return newest;
}

async function answerWith(
  context: CommandContext,
  api: ApiClient,
  first: CcdRequestView,
  saving: Saving,
): Promise<CommandAnswer<ShownRequest>> {
  const whole = await withAllDocuments(api, first);
  const saved =
    saving.out === undefined ? [] : await saveDocuments(context, api, whole, { ...saving, out: saving.out });
  const value = { ...whole, saved };
  const files = saved.map(({ file }) => `saved ${file}`);
  const next = whole.state === "pending" ? [`See it again: integra ccd get ${whole.requestId}`] : [];
  return { value, text: [...ccdText(whole), ...files, ...next].join("\n"), exitCode: exitCodeOf(whole) };
}

/** A request whose documents need several pages, in one. */
async function withAllDocuments(api: ApiClient, first: CcdRequestView): Promise<Omit<CcdRequestView, "next">> {
  const { next, ...whole } = first;
  if (next === undefined) return whole;
  const documents = [...whole.documents];
  for await (const page of api.pages(ccdRequestView, next)) documents.push(...page.documents);
  return { ...whole, documents };
}

async function saveDocuments(
  { progress, signal }: CommandContext,
  api: ApiClient,
  { requestId, documents }: Pick<CcdRequestView, "requestId" | "documents">,
  { out, html }: Saving & { out: string },
): Promise<ShownRequest["saved"]> {
  const saved: ShownRequest["saved"] = [];
  try {
    for (const { number, href, bytes } of documents) {
      progress.show({ message: "saving", files: { done: saved.length, total: documents.length } });
      const file = join(out, requestId, `${number}.${html ? "html" : "xml"}`);
      const answer = await readLinked(api, { path: href, accept: html ? "text/html" : "application/xml" }, signal);
      saved.push({ number, file, bytes: await saveFile(answer, file, html ? {} : { bytes }, signal) });
    }
  } finally {
    progress.clear();
  }
  return saved;
}

function exitCodeOf({ state, refused }: Pick<CcdRequestView, "state" | "refused">) {
  if (state === "failed") return exitCodes.endedWithoutData;
  return refused.length > 0 ? exitCodes.endedInPart : exitCodes.done;
}

const defined = (members: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));

export const ccd: CommandGroup = {
  noun: "ccd",
  summary: "Request and read patients' documents (CCDs)",
  commands: [request, list, get],
};
