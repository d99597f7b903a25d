import type { SimulatorState } from "#local/simulator/simulator-state.ts";
import type { RegisteredApp, RegisteredUser } from "#local/simulator/user-api-options.ts";
import type { CodeRequest } from "#local/simulator/user-session/user-sessions.ts";

/** Controls of users and their sessions: the work of Product Support and of the portal's pages. */
export interface UserControls {
  /** Registers a user or replaces the registration. */
  readonly registerUser: (user: RegisteredUser) => void;
  /** Registers an app or replaces its registration. */
  readonly registerApp: (app: RegisteredApp) => void;
  /** Issues a one-time code, as the portal's page "Get Access Token" does. Throws RangeError if the user or the app is not registered. */
  readonly authorizationCode: (request: CodeRequest) => string;
  /** Begins a session; returns its refresh token. Throws RangeError if the user or the app is not registered. */
  readonly openSession: (session: { userId: string; clientId: string }) => string;
  /** Makes all access tokens of users invalid. Their sessions continue. */
  readonly revokeUserTokens: () => void;
  /** Ends all sessions of a user: refresh tokens are refused from now on. */
  readonly endSessions: (userId: string) => void;
  /** The user withdraws the consent for one app: their sessions end, and codes that were not exchanged become invalid. */
  readonly withdrawConsent: (consent: { userId: string; clientId: string }) => void;
  /** Adds a patient with the demographics of an existing one, except for the given name. Returns the id. */
  readonly addTwin: (patientId: string, given: string) => string;
}

/** The controls of one server's users. */
export function userControlsOf({ users, apps, sessions, records }: SimulatorState): UserControls {
  const requireRegistered = ({ userId, clientId }: { userId: string; clientId: string }): void => {
    if (!users.has(userId)) throw new RangeError(`there is no user ${userId}`);
    if (!apps.has(clientId)) throw new RangeError(`there is no app ${clientId}`);
  };
  return {
    registerUser: (user) => void users.set(user.userId, user),
    registerApp: (app) => void apps.set(app.clientId, app),
    authorizationCode: (request) => {
      requireRegistered(request);
      return sessions.issueCode(request);
    },
    openSession: ({ userId, clientId }) => {
      requireRegistered({ userId, clientId });
      return sessions.open(userId, clientId);
    },
    revokeUserTokens: () => sessions.revokeAccessTokens(),
    endSessions: (userId) => sessions.endSessions(userId),
    withdrawConsent: ({ userId, clientId }) => sessions.endSessions(userId, clientId),
    addTwin: (patientId, given) => records.addTwin(patientId, given),
  };
}
