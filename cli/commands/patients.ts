import { Option } from "commander";
import * as z from "zod";
import { linkHeader } from "#on-demand-api/language/call-headers.ts";
import { type PatientSearchParameters, patientSearchParameters } from "#on-demand-api/language/patient-search.ts";
import { linkId } from "#user-session/language/link-id.ts";
import type { ApiClient } from "../client/api-client.ts";
import { askForDemographics } from "../input/demographics.ts";
import { fromOption, readPersonalInput, withoutEmpty } from "../input/personal-input.ts";
import type { Prompts } from "../input/prompts.ts";
import { table } from "../output/table.ts";
import { type CommandGroup, defineCommand } from "./command.ts";

/** The members of FHIR resources that the command shows. Everything else is left alone. */
const humanName = z.object({
  text: z.string().optional(),
  family: z.string().optional(),
  given: z.array(z.string()).optional(),
});
const patient = z.object({
  resourceType: z.literal("Patient"),
  id: z.string(),
  name: z.array(humanName).optional().catch(undefined),
  gender: z.string().optional().catch(undefined),
  birthDate: z.string().optional().catch(undefined),
});
const bundle = z.object({
  resourceType: z.literal("Bundle"),
  entry: z.array(z.object({ resource: z.unknown() })).default([]),
  link: z.array(z.object({ relation: z.string(), url: z.string() })).default([]),
});

const foundPatients = z.strictObject({
  patients: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string().nullable(),
      gender: z.string().nullable(),
      birthDate: z.string().nullable(),
    }),
  ),
  complete: z.boolean().describe("Whether these are all patients that match."),
});
type FoundPatients = z.infer<typeof foundPatients>;

/** A search that matches more does not identify a person. */
const mostPatients = 100;

const find = defineCommand({
  usage: "find",
  summary: "Search for patients",
  details:
    "Demographics are no arguments, because a shell's history and the list of processes would keep them. At a terminal the command " +
    "asks for them. Otherwise it reads a JSON object with some of these members: family, given, gender, birthdate, phone, email. " +
    "IntegraConnect decides which combinations it accepts: gender, birthdate and phone or email, each with or without given; or " +
    "birthdate and family.",
  options: [
    new Option(fromOption, "a file with the search as a JSON object; - is standard input"),
    new Option("--link <id>", "the link under which the search is made"),
  ],
  input: z.object({ from: z.string().optional(), link: linkId.optional() }),
  answer: foundPatients,
  run: async (context, { from, link }) => {
    const search = await readPersonalInput(context, { from, schema: patientSearchParameters, ask: askForSearch });
    const api = await (await context.stage()).api();
    const value = await searchPatients(api, formOf(search), link);
    const heading = ["id", "name", "gender", "birth date"];
    const rows = value.patients.map(({ id, name, gender, birthDate }) => [
      id,
      name ?? "-",
      gender ?? "-",
      birthDate ?? "-",
    ]);
    const more = value.complete ? [] : [`More than ${mostPatients} patients match: search more precisely.`];
    const text = rows.length === 0 ? "no patient matches" : [...table([heading, ...rows]), ...more].join("\n");
    return { value, text };
  },
});

async function askForSearch(prompts: Prompts): Promise<object> {
  const { birthDate, ...others } = await askForDemographics(prompts);
  return withoutEmpty({ birthdate: birthDate, ...others });
}

/** A search that names no value has no such parameter. */
const formOf = (search: PatientSearchParameters): URLSearchParams =>
  new URLSearchParams(Object.entries(search).filter((pair): pair is [string, string] => pair[1] !== undefined));

async function searchPatients(
  api: ApiClient,
  search: URLSearchParams,
  link: string | undefined,
): Promise<FoundPatients> {
  const headers = link === undefined ? {} : { [linkHeader]: link };
  const patients: FoundPatients["patients"] = [];
  let page = await api.read(bundle, { method: "POST", path: "/fhir/Patient/_search", body: search, headers });
  for (;;) {
    for (const { resource } of page.entry) {
      const { data } = patient.safeParse(resource);
      if (data !== undefined) patients.push(shown(data));
    }
    const next = page.link.find(({ relation }) => relation === "next")?.url;
    if (next === undefined || patients.length >= mostPatients)
      return {
        patients: patients.slice(0, mostPatients),
        complete: next === undefined && patients.length <= mostPatients,
      };
    page = await api.read(bundle, { path: next, headers });
  }
}

function shown({ id, name, gender, birthDate }: z.infer<typeof patient>): FoundPatients["patients"][number] {
  const [first] = name ?? [];
  const text = first?.text ?? [...(first?.given ?? []), first?.family].filter(Boolean).join(" ");
  return { id, name: text === "" ? null : text, gender: gender ?? null, birthDate: birthDate ?? null };
}

export const patients: CommandGroup = { noun: "patients", summary: "Find patients", commands: [find] };
