import { randomBytes } from "node:crypto";
import type { SimulatorClock } from "#local/simulator/clock.ts";
import type { SimulatorSettings } from "#local/simulator/options.ts";
import type { AuthorizationRequest } from "#local/simulator/smart/authorization-request.ts";
import type { RegisteredUser } from "#local/simulator/user-api-options.ts";

/** A user on the way from an authorization request to a decision. */
export interface SignIn {
  /** Unguessable. The forms carry it, so that the pages work without cookies. */
  readonly id: string;
  readonly request: AuthorizationRequest;
  /** Null before the user signed in. In an EHR launch it is the user of the EHR session. */
  user: RegisteredUser | null;
  /** Null before a patient was chosen, or if no patient is needed. */
  patientId: string | null;
}

/** The sign-ins that are not decided yet. */
export class SignIns {
  readonly #settings: SimulatorSettings;
  readonly #clock: SimulatorClock;
  readonly #signIns = new Map<string, { readonly signIn: SignIn; readonly expiresAt: number }>();

  constructor(settings: SimulatorSettings, clock: SimulatorClock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Begins a sign-in. */
  begin(request: AuthorizationRequest, user: RegisteredUser | null): SignIn {
    const id = randomBytes(24).toString("base64url");
    const signIn = { id, request, user, patientId: request.launch?.context.patientId ?? null };
    this.#signIns.set(id, { signIn, expiresAt: this.#clock.now() + this.#settings.signInLifetimeSeconds * 1000 });
    return signIn;
  }

  /** Undefined if the id is unknown, expired, or decided. */
  find(id: string): SignIn | undefined {
    const found = this.#signIns.get(id);
    return found === undefined || found.expiresAt <= this.#clock.now() ? undefined : found.signIn;
  }

  /** Ends a sign-in after its decision. */
  end({ id }: SignIn): void {
    this.#signIns.delete(id);
  }
}
