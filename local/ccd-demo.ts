import type { ExportSummary } from "#bulk-export/language/export-summary.ts";
import { ccdText } from "#cli/output/ccd-text.ts";
import { readableBytes } from "#cli/output/units.ts";
import { ccdRequestView } from "#on-demand-api/language/ccd-request-messages.ts";
import type { ApiCaller } from "./api-caller.ts";
import type { BridgeCaller } from "./bridge-caller.ts";

/**
 * Requests the documents of a patient from the API, under the stage's own session or under a link. Returns a report for people.
 * @throws Error with the API's problem if it refuses, or if the request fails
 */
export async function requestCcds(api: ApiCaller, wanted: { patientId: string; link?: string }): Promise<string> {
  const body = JSON.stringify(wanted);
  const headers = { "content-type": "application/json", prefer: "wait=20" };
  const answer = await api.send("/ccd-requests", { method: "POST", headers, body });
  if (!answer.ok) throw new Error(`the API answered ${answer.status}: ${await answer.text()}`);
  const request = ccdRequestView.parse(await answer.json());
  const [shown = "", ...lines] = ccdText(request);
  if (request.state !== "ready") throw new Error(shown);
  const [first] = request.documents;
  const read =
    first === undefined
      ? []
      : [`  (read number 1 by its link, which is good for 60 s: ${await readByLink(api, first.href)})`];
  return [`The API answered: ${shown}`, ...lines.map((line) => `  ${line}`), ...read].join("\n");
}

/** The first patient whom an export landed. */
export async function firstPatientId(bridge: BridgeCaller, { files }: ExportSummary): Promise<string> {
  const file = files.find(({ type, kind }) => type === "Patient" && kind === "output");
  if (file === undefined) throw new Error("the export landed no patients");
  const [line = ""] = (await bridge.readObject(file.key)).toString("utf8").split("\n", 1);
  return (JSON.parse(line) as { id: string }).id;
}

async function readByLink(api: ApiCaller, href: string): Promise<string> {
  const { status, headers } = await api.send(href, { redirect: "manual" });
  const location = headers.get("location");
  if (status !== 303 || location === null) throw new Error(`the API answered ${status} without a link to the document`);
  return readableBytes((await (await fetch(location)).arrayBuffer()).byteLength);
}
