import {
  accessDenied,
  emptyReply,
  invalidSearchParameters,
  operationOutcome,
  type Reply,
  tomcatPage,
} from "#local/simulator/http/http-reply.ts";
import { checkAuthorization, type TokenGrant } from "#local/simulator/oauth/access-tokens.ts";
import { readableTypes } from "#local/simulator/oauth/scopes.ts";
import { AGE_GROUPS } from "#local/simulator/records/age-groups.ts";
import { type ExportLevel, isResourceType, type ResourceType } from "#local/simulator/records/resource-types.ts";
import type { RequestContext } from "#local/simulator/simulator-state.ts";

const PARAMETERS = ["_outputFormat", "_since", "_type"] as const;
/** The values of `_outputFormat` in the Bulk Data guide: the full form and its abbreviations. */
const OUTPUT_FORMATS = new Set(["application/fhir+ndjson", "application/ndjson", "ndjson"]);
/** https://hl7.org/fhir/R4/datatypes.html#instant */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const KICK_OFF_PATH = /^\/integra\/fhir-export\/r4\/bulkExport\/(?:(Patient)\/|(Group)\/([^/]+)\/)?(?:\$|%24)export$/;

/** Path of the export API below the base URL (guide: "Access Bulk Export API"). */
export const EXPORT_PATH = "integra/fhir-export/r4/bulkExport/";

/** The level and the group of a kick-off path; null for any other path. */
export function exportOfPath(path: string): { level: ExportLevel; groupId?: string } | null {
  const match = KICK_OFF_PATH.exec(path);
  if (match === null) return null;
  const [, patient, group, groupId] = match;
  if (patient !== undefined) return { level: "Patient" };
  return group !== undefined && groupId !== undefined ? { level: "Group", groupId } : { level: "System" };
}

/** The kick-off endpoint (guide: "Access Bulk Export API" and the matching criteria of "Content URL"). */
export function answerKickOff(context: RequestContext): Reply {
  const { state, request, receivedAt, entry } = context;
  const target = exportOfPath(context.path);
  if (target === null) throw new Error(`not a kick-off path: ${context.path}`);
  if (request.method !== "GET") return tomcatPage(405, "Method Not Allowed", "Use GET.", "not a GET");
  const check = checkAuthorization(state.tokens, request.headers, entry);
  if ("refusal" in check) return accessDenied(check.refusal);
  const parameters = readParameters(context, check.grant);
  if ("status" in parameters) return parameters;
  if (target.level === "Group" && !AGE_GROUPS.some(({ id }) => id === target.groupId)) {
    return operationOutcome(404, `Group/${target.groupId} does not exist`, "not-found");
  }
  const { clientId, scopes } = check.grant;
  const job =
    state.jobs.findMatching(clientId, target.level, receivedAt) ??
    state.jobs.create(
      {
        clientId,
        ...target,
        ...parameters,
        readableTypes: readableTypes(scopes),
        requestUrl: `${state.baseUrl}${(request.url ?? "").slice(1)}`,
      },
      state.settings.exportDurationMs,
      state.transactionTime,
    );
  job.kickOffs += 1;
  entry.jobId = job.id;
  return emptyReply(202, { "content-location": `${state.baseUrl}${EXPORT_PATH}${job.id}` });
}

interface KickOffParameters {
  readonly types?: readonly ResourceType[];
  readonly since?: string;
}

function readParameters({ request, query }: RequestContext, grant: TokenGrant): KickOffParameters | Reply {
  if (!listItems(request.headers.prefer).includes("respond-async")) {
    return operationOutcome(400, "the header Prefer: respond-async is needed", "required");
  }
  if (!listItems(request.headers.accept).includes("application/fhir+json")) {
    return operationOutcome(400, "the header Accept: application/fhir+json is needed", "required");
  }
  // Tomcat decodes in the same way: an unescaped "+" becomes a space.
  const sent = new URLSearchParams(query);
  const names = [...new Set(sent.keys())];
  const unknown = names.filter((name) => !PARAMETERS.some((known) => known === name));
  if (unknown.length > 0) return invalidSearchParameters(unknown);
  const invalid = PARAMETERS.filter((name) => sent.getAll(name).length > 1 || !isValid(name, sent.get(name)));
  if (invalid.length > 0) return invalidSearchParameters(invalid);
  const types = sent.get("_type")?.split(",").filter(isResourceType);
  const since = sent.get("_since");
  const readable = readableTypes(grant.scopes);
  const forbidden = (types ?? []).filter((type) => !readable.includes(type));
  if (forbidden.length > 0) {
    return operationOutcome(403, `the scope of the access token lacks ${forbidden.join(", ")}`, "forbidden");
  }
  return { ...(types === undefined ? {} : { types: [...new Set(types)] }), ...(since === null ? {} : { since }) };
}

function isValid(name: (typeof PARAMETERS)[number], value: string | null): boolean {
  if (value === null) return true;
  if (name === "_outputFormat") return OUTPUT_FORMATS.has(value);
  if (name === "_type") return value.split(",").every(isResourceType);
  return INSTANT.test(value) && !Number.isNaN(Date.parse(value));
}

/** Items of a comma-separated header without their parameters, in lower case. */
function listItems(value: string | string[] | undefined): string[] {
  return [value ?? ""]
    .flat()
    .flatMap((line) => line.split(","))
    .map((item) => (item.split(";")[0] ?? "").trim().toLowerCase());
}
