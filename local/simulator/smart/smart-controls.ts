import type { SimulatorState } from "#local/simulator/simulator-state.ts";
import { launchableApps, launchUrlOf } from "#local/simulator/smart/ehr-endpoints.ts";
import type { EhrContext } from "#local/simulator/smart/ehr-launches.ts";

/** Controls of SMART launches. */
export interface SmartControls {
  /**
   * Launches the app as an EHR does: returns the launch URL with `iss` and `launch`. By default no encounter is open, and the app
   * has a window of its own. Throws RangeError if the app has no launch URL or the user is not registered.
   */
  readonly ehrLaunch: (context: Pick<EhrContext, "clientId" | "userId" | "patientId"> & Partial<EhrContext>) => string;
  /** Signs with a new key from now on. The old ones stay published, unless they are to be forgotten. */
  readonly rotateSigningKey: (options?: { readonly forgetOld: boolean }) => void;
  /** Lets seconds pass: for codes, tokens, sign-ins, launches, and cached key sets of clients. */
  readonly advanceClock: (seconds: number) => void;
}

/** The controls of one server's launches. */
export function smartControlsOf(state: SimulatorState): SmartControls {
  return {
    ehrLaunch: ({ encounterId = null, needPatientBanner = true, ...context }) => {
      const app = launchableApps(state).find(({ clientId }) => clientId === context.clientId);
      if (app === undefined) throw new RangeError(`there is no app ${context.clientId} with a launch URL`);
      if (!state.users.has(context.userId)) throw new RangeError(`there is no user ${context.userId}`);
      return launchUrlOf(state, app, { ...context, encounterId, needPatientBanner });
    },
    rotateSigningKey: (options = { forgetOld: false }) => state.signer.rotate(options),
    advanceClock: (seconds) => state.clock.advance(seconds),
  };
}
