import * as z from "zod";
import { readPortalRequest } from "#local/simulator/ccd/portal-request.ts";
import type { CcdCriteria, ServerRequest } from "#local/simulator/ccd/server-requests.ts";
import { badRequest, portalReply, type Reply } from "#local/simulator/http/http-reply.ts";
import type { RequestContext } from "#local/simulator/simulator-state.ts";
import { isAuthorized, isOutsideLaunch } from "#local/simulator/user-session/user-authorization.ts";

/** Guide: "Kick-off Request". */
export const CCD_REQUEST_PATH = "/integra/MoBulkExport/createBulkExportRequest";

/** The guide's sample has the offset +0500, its table of parameters +500. It prints neither `Z` nor a colon. */
const PORTAL_DATE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})([+-])(\d{1,2})(\d\d)$/;

const dateSchema = z.string().transform((text, context) => {
  const [, local, sign, hours = "", minutes] = PORTAL_DATE.exec(text) ?? [];
  const time = Date.parse(`${local}${sign}${hours.padStart(2, "0")}:${minutes}`);
  if (!Number.isNaN(time)) return time;
  context.addIssue({ code: "custom", message: "not a date in the guide's form" });
  return z.NEVER;
});
const bodySchema = z.looseObject({
  actionName: z.literal("ENCOUNTER_EXPORT"),
  searchCriteria: z.looseObject({
    constraints: z.looseObject({
      patientId: z.string().min(1),
      startDate: dateSchema.nullish(),
      endDate: dateSchema.nullish(),
    }),
  }),
});

/** Request for a patient's CCDs. A user has only one pending request at a time (guide: "Kick-off Request"). */
export function answerCcdRequest(context: RequestContext): Reply {
  const { state, entry } = context;
  const read = readPortalRequest(context, "appVersion");
  if ("reply" in read) return read.reply;
  const parsed = bodySchema.safeParse(read.body);
  if (!parsed.success) {
    const paths = parsed.error.issues.map(({ path }) => path.join("."));
    return badRequest(`missing or malformed: ${paths.join(", ")}`);
  }
  const { patientId, startDate, endDate } = parsed.data.searchCriteria.constraints;
  const { user, session } = read.access;
  const criteria: CcdCriteria = { userId: user.userId, patientId, start: startDate ?? null, end: endDate ?? null };
  if (criteria.start !== null && criteria.end !== null && criteria.start > criteria.end) {
    return badRequest("startDate is later than endDate");
  }
  if (state.records.find("Patient", patientId) === undefined || !isAuthorized(user, patientId)) {
    return badRequest("the patient does not exist, or the user may not see them");
  }
  if (isOutsideLaunch(session, patientId)) {
    return portalReply(403, "Forbidden", {}, "the launch chose another patient");
  }
  const pending = state.serverRequests.pendingOf(user.userId, context.receivedAt);
  if (pending !== undefined) {
    entry.jobId = pending.id;
    return alreadyInProcessReply(pending);
  }
  const created = state.serverRequests.create(criteria, state.settings.ccdDurationMs);
  entry.jobId = created.id;
  return inProgressReply(created);
}

/** The guide's answer to an accepted request. */
export function inProgressReply({ id }: ServerRequest): Reply {
  return portalReply(200, "Your request is in progress", { code: "BESR01", bulkActionRequest: id });
}

/** The guide's answer to a request while another is pending: it has the id of the pending request. */
export function alreadyInProcessReply({ id }: ServerRequest): Reply {
  return portalReply(400, "Last request is already in process", { code: "BEDR01", bulkActionRequest: id });
}
