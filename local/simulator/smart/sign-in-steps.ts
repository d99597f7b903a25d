import type { Reply } from "#local/simulator/http/http-reply.ts";
import { isSameSecret } from "#local/simulator/oauth/secret-comparison.ts";
import { demographicsOf } from "#local/simulator/records/patient-profile.ts";
import type { RequestContext, SimulatorState } from "#local/simulator/simulator-state.ts";
import { callbackReply, previewCallback } from "#local/simulator/smart/callback.ts";
import { refusalPage } from "#local/simulator/smart/page.ts";
import { consentPage, type PatientChoice, patientPage, signInPage } from "#local/simulator/smart/sign-in-pages.ts";
import type { SignIn } from "#local/simulator/smart/sign-ins.ts";
import { hasResourceScope, isContextScope, needsPatient } from "#local/simulator/smart/smart-scopes.ts";
import type { RegisteredUser } from "#local/simulator/user-api-options.ts";
import type { SessionGrant } from "#local/simulator/user-session/session-grant.ts";
import { isAuthorized } from "#local/simulator/user-session/user-authorization.ts";

/** The form of the sign-in page: `username` and `password`. */
export function answerSignIn(context: RequestContext): Reply {
  return withSignIn(context, (signIn, form) => {
    const user = context.state.users.get(form.get("username") ?? "");
    if (user === undefined || !isSameSecret(form.get("password") ?? "", user.password ?? "")) {
      return signInPage(signIn, "The user name or the password is wrong.");
    }
    // In an EHR launch the user is that of the EHR session.
    signIn.user ??= user;
    return nextStep(context.state, signIn);
  });
}

/** The form of the page that asks for the patient: `patient`. */
export function answerPatientChoice(context: RequestContext): Reply {
  const { state } = context;
  return withSignIn(context, (signIn, form) => {
    const { user } = signIn;
    if (user === null || signIn.patientId !== null) return nextStep(state, signIn);
    const patients = patientsOf(state, user);
    const chosen = patients.find(({ id }) => id === form.get("patient"));
    if (chosen === undefined) return patientPage(signIn, patients, "Choose one of your patients.");
    signIn.patientId = chosen.id;
    return nextStep(state, signIn);
  });
}

/** The form of the consent page: `decision` and each `scope` that is allowed. */
export async function answerConsent(context: RequestContext): Promise<Reply> {
  const reply = withSignIn(context, (signIn, form) => {
    const isReady = signIn.user !== null && (signIn.patientId !== null || !needsPatient(signIn.request.scopes));
    if (!isReady) return nextStep(context.state, signIn);
    const decision = form.get("decision");
    if (decision !== "allow" && decision !== "deny") return nextStep(context.state, signIn);
    context.state.signIns.end(signIn);
    if (decision === "allow") return grant(context, signIn, form.getAll("scope"));
    return refuse(context.state, signIn, "the user denied the access");
  });
  const isPreviewed = context.fault?.kind === "odd-callback" && context.fault.form === "previewed";
  const { location } = reply.headers;
  return isPreviewed && location !== undefined ? { ...reply, reason: await previewCallback(location) } : reply;
}

/** The page that the sign-in needs next. */
export function nextStep(state: SimulatorState, signIn: SignIn): Reply {
  const { user, request } = signIn;
  if (user === null) return signInPage(signIn);
  if (signIn.patientId === null && needsPatient(request.scopes)) {
    const patients = patientsOf(state, user);
    const [only] = patients;
    if (only === undefined) {
      state.signIns.end(signIn);
      return refuse(state, signIn, "no patient is linked to the user");
    }
    if (patients.length > 1) return patientPage(signIn, patients);
    signIn.patientId = only.id;
  }
  return consentPage(signIn, grantableScopes(signIn, user), patientName(state, signIn.patientId));
}

function withSignIn(
  { state, request, body, entry }: RequestContext,
  step: (signIn: SignIn, form: URLSearchParams) => Reply,
): Reply {
  if (request.method !== "POST") return refusalPage("Use POST.", 405);
  const form = new URLSearchParams(body.toString("utf8"));
  const signIn = state.signIns.find(form.get("id") ?? "");
  if (signIn === undefined) return refusalPage("This sign-in has ended or has expired.");
  const reply = step(signIn, form);
  entry.clientId = signIn.request.app.clientId;
  entry.userId = signIn.user?.userId ?? null;
  return reply;
}

function grant({ state }: RequestContext, { request, user, patientId }: SignIn, allowed: readonly string[]): Reply {
  const { app, callback, launch } = request;
  if (user === null) throw new Error("a code needs a user");
  const scopes = grantableScopes({ request }, user).filter((one) => isContextScope(one) || allowed.includes(one));
  const granted: SessionGrant = {
    scopes,
    limitedByScopes: hasResourceScope(request.scopes),
    patientId,
    encounterId: launch?.context.encounterId ?? null,
    needPatientBanner: launch?.context.needPatientBanner ?? (patientId === null ? null : true),
    nonce: request.nonce,
  };
  if (launch !== null) state.launches.spend(launch.handle);
  const code = state.sessions.issueCode({
    userId: user.userId,
    clientId: app.clientId,
    redirectUri: callback.redirectUri,
    codeChallenge: request.codeChallenge,
    grant: granted,
    lifetimeSeconds: state.settings.launchCodeLifetimeSeconds,
  });
  state.secrets.userSecrets.push(code);
  return callbackReply(state, callback, { code });
}

function refuse(state: SimulatorState, { request }: SignIn, description: string): Reply {
  return callbackReply(state, request.callback, { error: "access_denied", description });
}

/** A user without a FHIR resource cannot grant `fhirUser`, and only an EHR launch knows an encounter. */
function grantableScopes({ request }: Pick<SignIn, "request">, user: RegisteredUser): string[] {
  return request.scopes.filter((scope) => {
    if (scope === "fhirUser") return user.fhirUser !== undefined;
    return scope !== "launch/encounter" || (request.launch?.context.encounterId ?? null) !== null;
  });
}

function patientsOf({ records }: SimulatorState, user: RegisteredUser): PatientChoice[] {
  return records
    .ofType("Patient")
    .filter(({ id }) => isAuthorized(user, id))
    .map(({ id, line }) => ({ id, name: nameOf(line) }));
}

function patientName({ records }: SimulatorState, patientId: string | null): string | null {
  const patient = patientId === null ? undefined : records.find("Patient", patientId);
  return patient === undefined ? null : nameOf(patient.line);
}

/** Name and birth date, because several patients may have the same name. */
function nameOf(line: string): string {
  const { name, birthDate } = demographicsOf(line);
  return `${name[0]?.text ?? ""}, born ${birthDate}`;
}
