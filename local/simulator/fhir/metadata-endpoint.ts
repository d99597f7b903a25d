import { FHIR_API_PATH } from "#local/simulator/fhir/searchset.ts";
import { FHIR_JSON, type Reply, tomcatPage } from "#local/simulator/http/http-reply.ts";
import { API_TYPES } from "#local/simulator/records/resource-types.ts";
import type { RequestContext } from "#local/simulator/simulator-state.ts";

export const METADATA_PATH = `/${FHIR_API_PATH}/metadata`;

/** The capability statement, which needs no token (FHIR R4, "capabilities"). The guide does not describe IntegraConnect's. */
export function answerMetadata({ request, state }: RequestContext): Reply {
  if (request.method !== "GET") return tomcatPage(405, "Method Not Allowed", "Use GET.", "not a GET");
  const interaction = [{ code: "read" }, { code: "search-type" }];
  const statement = {
    resourceType: "CapabilityStatement",
    status: "active",
    date: "2026-01-01",
    kind: "instance",
    implementation: { description: "Simulator of IntegraConnect", url: `${state.baseUrl}${FHIR_API_PATH}` },
    fhirVersion: "4.0.1",
    format: ["json"],
    rest: [{ mode: "server", resource: API_TYPES.map((type) => ({ type, interaction })) }],
  };
  return { status: 200, headers: { "content-type": FHIR_JSON }, body: Buffer.from(JSON.stringify(statement)) };
}
