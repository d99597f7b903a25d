import { emptyReply, type Reply } from "#local/simulator/http/http-reply.ts";
import { demographicsOf } from "#local/simulator/records/patient-profile.ts";
import type { RequestContext, SimulatorState } from "#local/simulator/simulator-state.ts";
import type { EhrContext } from "#local/simulator/smart/ehr-launches.ts";
import { cspSource, option, PRIVATE, pageReply, refusalPage, text } from "#local/simulator/smart/page.ts";
import { fhirBaseOf } from "#local/simulator/smart/smart-endpoints.ts";
import type { RegisteredApp } from "#local/simulator/user-api-options.ts";
import { isAuthorized } from "#local/simulator/user-session/user-authorization.ts";

export const EHR_PATH = "/ehr";
export const EHR_LAUNCH_PATH = "/ehr/launch";
const FRAME = "app-frame";

/** The page of an EHR that launches an app in a window of its own, or in an iframe (SMART: "Launch App: EHR Launch"). */
export function answerEhr({ state, request }: RequestContext): Reply {
  if (request.method !== "GET") return refusalPage("Use GET.", 405);
  const apps = launchableApps(state);
  if (apps.length === 0) {
    return pageReply({ title: "EHR", content: "<p>No app is registered with a launch URL.</p>" });
  }
  const sources = apps.flatMap(({ launchUrl, redirectUris = [] }) => [launchUrl, ...redirectUris]).map(cspSource);
  const patients = state.records.ofType("Patient").map(({ id, line }) => {
    return option(id, demographicsOf(line).name[0]?.text ?? id);
  });
  const content =
    `<form method="post" action="${EHR_LAUNCH_PATH}">` +
    select(
      "user",
      "User of the EHR",
      [...state.users.values()].map(({ userId, name }) => option(userId, name ?? userId)),
    ) +
    select("patient", "Patient whose record is open", patients) +
    select(
      "app",
      "App",
      apps.map(({ clientId, name }) => option(clientId, name ?? clientId)),
    ) +
    '<button type="submit" name="in" value="window" formtarget="_blank">Launch in a window</button>' +
    `<button type="submit" name="in" value="frame" formtarget="${FRAME}">Launch in this page</button></form>` +
    `<iframe name="${FRAME}" title="The launched app"></iframe>`;
  return pageReply({ title: "EHR", content, formOrigins: sources, frameOrigins: sources });
}

/** The form of the EHR's page: sends the browser to the app's launch URL with `iss` and `launch`. */
export function answerEhrLaunch({ state, request, body, entry }: RequestContext): Reply {
  if (request.method !== "POST") return refusalPage("Use POST.", 405);
  const form = new URLSearchParams(body.toString("utf8"));
  const app = launchableApps(state).find(({ clientId }) => clientId === form.get("app"));
  const user = state.users.get(form.get("user") ?? "");
  const patientId = form.get("patient") ?? "";
  if (app === undefined || user === undefined) return refusalPage("The app or the user is not registered.");
  if (state.records.find("Patient", patientId) === undefined || !isAuthorized(user, patientId)) {
    return refusalPage("The user may not see this patient.");
  }
  entry.clientId = app.clientId;
  entry.userId = user.userId;
  const encounter = state.records.ofPatient(patientId).findLast(({ type }) => type === "Encounter");
  const location = launchUrlOf(state, app, {
    clientId: app.clientId,
    userId: user.userId,
    patientId,
    encounterId: encounter?.id ?? null,
    needPatientBanner: form.get("in") !== "frame",
  });
  return emptyReply(303, { location, ...PRIVATE });
}

/** The app's launch URL with `iss` and the handle of a new launch. */
export function launchUrlOf(state: SimulatorState, { launchUrl }: LaunchableApp, context: EhrContext): string {
  const query = new URLSearchParams({ iss: fhirBaseOf(state), launch: state.launches.begin(context) });
  return `${launchUrl}${launchUrl.includes("?") ? "&" : "?"}${query.toString()}`;
}

/** An app that an EHR can launch. */
export type LaunchableApp = RegisteredApp & { readonly launchUrl: string };

/** The apps with a launch URL. */
export function launchableApps({ apps }: SimulatorState): LaunchableApp[] {
  return [...apps.values()].flatMap((app) => {
    const { launchUrl } = app;
    return launchUrl === undefined ? [] : [{ ...app, launchUrl }];
  });
}

function select(name: string, label: string, options: readonly string[]): string {
  return `<label for="${name}">${text(label)}</label><select id="${name}" name="${name}" required>${options.join("")}</select>`;
}
