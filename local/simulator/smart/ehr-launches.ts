import { randomBytes } from "node:crypto";
import type { SimulatorClock } from "#local/simulator/clock.ts";
import type { SimulatorSettings } from "#local/simulator/options.ts";

/** What the EHR knows when it launches an app (SMART: "Launch App: EHR Launch"). */
export interface EhrContext {
  readonly clientId: string;
  /** The user of the EHR session. */
  readonly userId: string;
  readonly patientId: string | null;
  readonly encounterId: string | null;
  /** False in an iframe of the EHR, which has a banner itself. */
  readonly needPatientBanner: boolean;
}

/** The handles of EHR launches. Each is good for one authorization, by its app, within the launch's lifetime. */
export class EhrLaunches {
  readonly #settings: SimulatorSettings;
  readonly #clock: SimulatorClock;
  readonly #launches = new Map<string, { readonly context: EhrContext; readonly expiresAt: number }>();

  constructor(settings: SimulatorSettings, clock: SimulatorClock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Returns the opaque handle of a new launch. */
  begin(context: EhrContext): string {
    const handle = randomBytes(24).toString("base64url");
    const expiresAt = this.#clock.now() + this.#settings.ehrLaunchLifetimeSeconds * 1000;
    this.#launches.set(handle, { context, expiresAt });
    return handle;
  }

  /** The context of a launch of the app. Undefined if the handle is unknown, spent, expired, or another app's. */
  find(handle: string, clientId: string): EhrContext | undefined {
    const launch = this.#launches.get(handle);
    if (launch === undefined || launch.expiresAt <= this.#clock.now()) return undefined;
    return launch.context.clientId === clientId ? launch.context : undefined;
  }

  /** Makes the handle invalid. */
  spend(handle: string): void {
    this.#launches.delete(handle);
  }
}
