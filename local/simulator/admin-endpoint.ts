import * as z from "zod";
import { completeAll } from "#local/simulator/bulk-export/job-controls.ts";
import { completeServerRequests } from "#local/simulator/ccd/ccd-controls.ts";
import type { FaultPlan, FaultyEndpoint } from "#local/simulator/faults/fault-plan.ts";
import { faultSchema } from "#local/simulator/faults/fault-schema.ts";
import { emptyReply, jsonReply, type Reply } from "#local/simulator/http/http-reply.ts";
import { ENDPOINTS } from "#local/simulator/http/request-log.ts";
import type { RequestContext } from "#local/simulator/simulator-state.ts";

/** Prefix of the admin API's paths. It is not part of the vendor's API, and needs no token. */
export const ADMIN_PREFIX = "/_simulator/";

const endpoint = z.enum(ENDPOINTS);
const planSchema = z.strictObject({
  maxConsecutive: z.int().min(0).optional(),
  scripts: z
    .partialRecord(endpoint, z.array(z.looseObject({ kind: z.string(), match: z.string().optional() })))
    .optional(),
  rates: z
    .partialRecord(endpoint, z.array(z.strictObject({ rate: z.number().min(0).max(1), fault: faultSchema })))
    .optional(),
});

const consentSchema = z.strictObject({ userId: z.string(), clientId: z.string() });
const advanceSchema = z.strictObject({ seconds: z.number().min(0) });

const ACTIONS =
  "GET log, PUT faults, POST jobs/complete, POST tokens/revoke, POST ccd-requests/complete, POST user-tokens/revoke, " +
  "POST signing-key/rotate, POST consents/withdraw or POST clock/advance";

/** Performs one of the ACTIONS. PUT faults replaces the whole plan. */
export function answerAdmin({ state, request, path, body }: RequestContext): Reply {
  switch (`${request.method} ${path.slice(ADMIN_PREFIX.length)}`) {
    case "GET log":
      return jsonReply(200, state.log);
    case "PUT faults":
      return perform(body, planSchema, (wanted) => replacePlan(state.faults, wanted));
    case "POST jobs/complete":
      completeAll(state.jobs);
      return emptyReply(204);
    case "POST tokens/revoke":
      state.tokens.revokeAll();
      return emptyReply(204);
    case "POST ccd-requests/complete":
      completeServerRequests(state.serverRequests);
      return emptyReply(204);
    case "POST user-tokens/revoke":
      state.sessions.revokeAccessTokens();
      return emptyReply(204);
    case "POST signing-key/rotate":
      state.signer.rotate({ forgetOld: false });
      return emptyReply(204);
    case "POST consents/withdraw":
      return perform(body, consentSchema, ({ userId, clientId }) => state.sessions.endSessions(userId, clientId));
    case "POST clock/advance":
      return perform(body, advanceSchema, ({ seconds }) => state.clock.advance(seconds));
    default:
      return jsonReply(404, { error: ACTIONS });
  }
}

function perform<Input>(body: Buffer, schema: z.ZodType<Input>, action: (input: Input) => void): Reply {
  try {
    action(schema.parse(JSON.parse(body.toString("utf8"))));
    return emptyReply(204);
  } catch (error) {
    return jsonReply(400, { error: error instanceof Error ? error.message : String(error) });
  }
}

function replacePlan(plan: FaultPlan, wanted: z.infer<typeof planSchema>): void {
  const scripts = Object.entries(wanted.scripts ?? {}).map(([name, steps]) => ({
    name: endpoint.parse(name),
    steps: steps.map(({ match, ...fault }) => ({
      ...faultSchema.parse(fault),
      ...(match === undefined ? {} : { match }),
    })),
  }));
  plan.clear();
  if (wanted.maxConsecutive !== undefined) plan.maxConsecutive = wanted.maxConsecutive;
  for (const { name, steps } of scripts) plan.script(name, steps);
  for (const [name, rates] of Object.entries(wanted.rates ?? {})) {
    const faulty: FaultyEndpoint = endpoint.parse(name);
    plan.rates(faulty, rates);
  }
}
