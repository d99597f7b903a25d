import { render } from "preact";
import { App } from "./app.tsx";
import { readConfig } from "./read-config.ts";
import { cameBack, finishSignIn } from "./sign-in/oidc.ts";
import { Session } from "./sign-in/session.ts";
import { StartFailure } from "./start-failure.tsx";

/** How often an idle or expired session is looked for, in milliseconds. */
const checkMs = 1_000;

const root = document.getElementById("console");
if (root === null) throw new Error("index.html has no element #console");

try {
  const config = await readConfig();
  const session = new Session(config.idleMinutes);
  const problem = cameBack() ? await signIn(config, session) : undefined;
  for (const event of ["keydown", "pointerdown"]) addEventListener(event, () => session.touch(), { passive: true });
  setInterval(() => session.check(), checkMs);
  // A browser may show a page again that it kept for the button Back.
  addEventListener("pageshow", () => session.check());
  document.addEventListener("visibilitychange", () => session.check());
  render(<App config={config} session={session} signInProblem={problem} />, root);
} catch (error) {
  render(<StartFailure error={error} />, root);
}

/** Finishes the sign-in from which the browser comes back. Returns what went wrong, if anything did. */
async function signIn(config: Parameters<typeof finishSignIn>[0], session: Session): Promise<string | undefined> {
  try {
    session.begin(await finishSignIn(config));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
