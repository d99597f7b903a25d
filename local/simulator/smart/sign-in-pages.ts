import type { Reply } from "#local/simulator/http/http-reply.ts";
import { cspSource, option, pageReply, text } from "#local/simulator/smart/page.ts";
import type { SignIn } from "#local/simulator/smart/sign-ins.ts";
import { CONSENT_PATH, PATIENT_CHOICE_PATH, SIGN_IN_PATH } from "#local/simulator/smart/smart-endpoints.ts";
import { isContextScope, labelOf } from "#local/simulator/smart/smart-scopes.ts";
import type { RegisteredApp } from "#local/simulator/user-api-options.ts";

/** A patient to choose from. */
export interface PatientChoice {
  readonly id: string;
  readonly name: string;
}

/** Asks for `username` and `password`. */
export function signInPage(signIn: SignIn, error: string | null = null): Reply {
  return formPage(signIn, SIGN_IN_PATH, "Sign in", {
    error,
    fields:
      `<p>${text(appName(signIn.request.app))} asks you to sign in.</p>` +
      '<label for="username">User name</label>' +
      '<input id="username" name="username" type="text" autocomplete="username" required>' +
      '<label for="password">Password</label>' +
      '<input id="password" name="password" type="password" autocomplete="current-password" required>' +
      '<button type="submit">Sign in</button>',
  });
}

/** Asks for one `patient`. */
export function patientPage(signIn: SignIn, patients: readonly PatientChoice[], error: string | null = null): Reply {
  return formPage(signIn, PATIENT_CHOICE_PATH, "Choose a patient", {
    error,
    fields:
      `<label for="patient">Patient whose records ${text(appName(signIn.request.app))} may use</label>` +
      `<select id="patient" name="patient" required>${patients.map(({ id, name }) => option(id, name)).join("")}</select>` +
      '<button type="submit">Continue</button>',
  });
}

/** Asks for the `decision`, "allow" or "deny", and for each `scope` that is allowed. `patient`: the name of the chosen one. */
export function consentPage(signIn: SignIn, scopes: readonly string[], patient: string | null): Reply {
  const boxes = scopes
    .filter((scope) => !isContextScope(scope))
    .map((scope) => {
      const input = `<input type="checkbox" name="scope" value="${text(scope)}" checked>`;
      return `<label>${input}${text(labelOf(scope))} <small>(${text(scope)})</small></label>`;
    });
  const name = text(appName(signIn.request.app));
  return formPage(signIn, CONSENT_PATH, "Allow access?", {
    error: null,
    fields:
      `<p>You are signed in as ${text(signIn.user?.name ?? signIn.user?.userId ?? "")}.</p>` +
      (patient === null ? "" : `<p>Patient: ${text(patient)}</p>`) +
      `<fieldset><legend>${name} asks for permission to</legend>${boxes.join("")}</fieldset>` +
      '<button type="submit" name="decision" value="allow">Allow</button>' +
      '<button type="submit" name="decision" value="deny">Deny</button>',
  });
}

function formPage(
  { id, request }: SignIn,
  action: string,
  title: string,
  { fields, error }: { readonly fields: string; readonly error: string | null },
): Reply {
  const alert = error === null ? "" : `<p role="alert">${text(error)}</p>`;
  const content = `${alert}<form method="post" action="${action}"><input type="hidden" name="id" value="${id}">${fields}</form>`;
  return pageReply({
    title,
    content,
    formOrigins: [cspSource(request.callback.redirectUri)],
    ...(error === null ? {} : { status: 403, reason: error }),
  });
}

function appName({ name, clientId }: RegisteredApp): string {
  return name ?? clientId;
}
