import type { SimulatorState } from "#local/simulator/simulator-state.ts";
import type { RegisteredApp, RegisteredUser } from "#local/simulator/user-api-options.ts";
import type { CodeRequest } from "#local/simulator/user-sessions.ts";

/** What tests and people do with users and their sessions, as Product Support and the portal's pages would. */
export interface UserControls {
  /** Registers a user or replaces the registration. */
  readonly registerUser: (user: RegisteredUser) => void;
  /** Registers an app or replaces its registration. */
  readonly registerApp: (app: RegisteredApp) => void;
  /** A one-time code, as the portal's page "Get Access Token" shows it. Throws RangeError for who is not registered. */
  readonly authorizationCode: (request: CodeRequest) => string;
  /** Begins a session; returns its refresh token. Throws RangeError for who is not registered. */
  readonly openSession: (session: { userId: string; clientId: string }) => string;
  /** Makes every access token of users invalid; their sessions go on. */
  readonly revokeUserTokens: () => void;
  /** Ends all sessions of a user: refresh tokens are refused from now on. */
  readonly endSessions: (userId: string) => void;
  /** Adds a patient who is found by the same demographics as another, but for the given name; returns the id. */
  readonly addTwin: (patientId: string, given: string) => string;
}

/** The controls of one server's users. */
export function userControlsOf({ users, apps, sessions, records }: SimulatorState): UserControls {
  const needRegistered = ({ userId, clientId }: { userId: string; clientId: string }): void => {
    if (!users.has(userId)) throw new RangeError(`there is no user ${userId}`);
    if (!apps.has(clientId)) throw new RangeError(`there is no app ${clientId}`);
  };
  return {
    registerUser: (user) => void users.set(user.userId, user),
    registerApp: (app) => void apps.set(app.clientId, app),
    authorizationCode: (request) => {
      needRegistered(request);
      return sessions.issueCode(request);
    },
    openSession: ({ userId, clientId }) => {
      needRegistered({ userId, clientId });
      return sessions.open(userId, clientId).refreshToken;
    },
    revokeUserTokens: () => sessions.revokeAccessTokens(),
    endSessions: (userId) => sessions.endSessions(userId),
    addTwin: (patientId, given) => records.addTwin(patientId, given),
  };
}
