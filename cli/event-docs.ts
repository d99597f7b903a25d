import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import {
  exportCancelRequested,
  exportReference,
  exportRequested,
  exportResumeRequested,
} from "#bulk-export/language/export-events.ts";
import { exportRequestDetail } from "#bulk-export/language/export-request.ts";
import { type EventType, eventDetails } from "#functions/wings.ts";
import { eventSource } from "#platform/bus/event-language.ts";

const repository = join(import.meta.dirname, "..");

/** The details of the events that callers send, by detail-type. */
const requestDetails = {
  [exportRequested]: exportRequestDetail,
  [exportResumeRequested]: exportReference,
  [exportCancelRequested]: exportReference,
} as const;

/** The detail-type of a documented event: callers send it, or the bridge publishes it. */
type DocumentedType = keyof typeof requestDetails | EventType;

const details: Record<DocumentedType, z.ZodType> = { ...requestDetails, ...eventDetails };

/** The compiler asks for the introduction of each documented event. */
const introductions: Record<DocumentedType, string> = {
  "Export Requested": "You send it to request an export. The bridge accepts any `source`.",
  "Export Resume Requested":
    "You send it to resume an export that ended partial or failed. The bridge downloads the missing files from the same job " +
    "of the server. If the server no longer has the job, the bridge starts a new export of the same request, whose " +
    "`predecessor` is this export.",
  "Export Cancel Requested":
    "You send it to stop an export. If the export has already ended, the event changes nothing.",
  "Export Started": "The server accepted the export. The bridge sends the event once, soon after the request.",
  "Export File Landed":
    "One file is in S3, whole and verified. The bridge sends the event once for each file, in any order.",
  "Export Completed":
    "The export has ended, and the summary says of each file of the manifest whether it landed. Every export ends with this event or with " +
    "one of the next two.",
  "Export Failed": "The export ended without its data. `error` has the reason, and what to do.",
  "Export Cancelled": "The export's execution was stopped. No more files land.",
  "Ccd Ready":
    "A patient's documents are in S3. Each is proven to be that patient's. Every CCD request ends with this event or with " +
    "the next one.",
  "Ccd Failed":
    "A CCD request ended without documents. `error` has the reason, and what to do. After `SessionDead` an operator must " +
    "store a new user session.",
  "User Session Ended":
    "IntegraConnect refused a user session. Of the session `service`, every request that names no link " +
    "fails until an operator stores a new session. Of a link's session, only that link's requests fail, until its user signs in again. " +
    "The bridge sends the event once for each session that ends.",
  "User Linked":
    "A person has signed in for a link, so calls can name it. The event says neither who, nor which patient was chosen.",
  "User Link Failed":
    "A launch of a link ended without a session: the person said no, nobody finished in time, or it failed. If the link was linked " +
    "before, it still is. A launch that its caller replaced by a newer one has no event.",
  "User Link Revoked": "The caller removed a link. The bridge has deleted its tokens.",
};

/** "export-file-landed", for file names. */
const slug = (type: string): string => type.toLowerCase().replaceAll(" ", "-");

/** The path of the example of an event's detail. A test validates it against the schema. */
export const examplePath = (type: DocumentedType): string =>
  join(repository, "test", "contracts", "examples", `${slug(type)}.json`);

/** The documented detail-types. */
export const documentedTypes = (): DocumentedType[] => Object.keys(details) as DocumentedType[];

/** The schema of a documented event's detail. */
export const detailSchema = (type: DocumentedType): z.ZodType => details[type];

/** Renders docs/events.md and the JSON Schemas, by their paths from the repository's root. */
export async function renderEventDocs(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const sections: string[] = [];
  for (const type of documentedTypes()) {
    const schemaFile = `events/${slug(type)}.schema.json`;
    const schema = { title: type, ...z.toJSONSchema(detailSchema(type), { io: "input" }) };
    files.set(`docs/${schemaFile}`, `${JSON.stringify(schema, null, 2)}\n`);
    const example = (await readFile(examplePath(type), "utf8")).trim();
    sections.push(
      `## ${type}\n\n${introductions[type]}\n\nDetail: [JSON Schema](${schemaFile})\n\n\`\`\`json\n${example}\n\`\`\`\n`,
    );
  }
  files.set("docs/events.md", [header, ...sections].join("\n"));
  return files;
}

const header = `# Events

\`npm run docs\` generates this page from \`functions/wings.ts\`. A test compares it with the schemas.

All events are on the bridge's own bus (output \`BusName\` of the landing stack). Events of the bridge have the \`source\`
\`${eventSource}\`. They have S3 keys and counts, never PHI. Delivery is at least once: an event that is delivered again has
the same \`eventId\`.

This rule matches the end of every export:

\`\`\`json
{ "source": ["${eventSource}"], "detail-type": ["Export Completed", "Export Failed", "Export Cancelled"] }
\`\`\`
`;
