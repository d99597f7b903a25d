import { useEffect, useRef, useState } from "preact/hooks";
import type { ConsoleConfig } from "../../config.ts";
import { beginSignIn } from "./oidc.ts";
import type { SignedOutReason } from "./session.ts";

interface SignInPageProps {
  config: ConsoleConfig;
  reason: SignedOutReason;
  /** Why the last sign-in failed. */
  problem: string | undefined;
}

/** What a user without a session sees, and why. Signing in leads back to the same place. */
export function SignInPage({ config, reason, problem }: SignInPageProps) {
  const [failure, setFailure] = useState(problem);
  const [isLeaving, setLeaving] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // What had the focus is gone. A screen reader begins with the reason.
    if (reason !== "new") heading.current?.focus();
  }, [reason]);
  const [title, text] = words[reason](config.idleMinutes);
  const signIn = () => {
    setLeaving(true);
    beginSignIn(config, location.hash).catch((error: unknown) => {
      setLeaving(false);
      setFailure(error instanceof Error ? error.message : String(error));
    });
  };
  return (
    <main class="alone">
      <p class="brand">
        integra-bridge <span class="stage">stage {config.stage}</span>
      </p>
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      <p>{text}</p>
      <p>
        <button type="button" class="primary" disabled={isLeaving} onClick={signIn}>
          {reason === "new" ? "Sign in" : "Sign in again"}
        </button>
      </p>
      <div role="alert">
        {failure !== undefined && reason === "new" && (
          <div class="failure">
            <h2>The sign-in failed</h2>
            <p>{failure}</p>
          </div>
        )}
      </div>
    </main>
  );
}

const back = "Sign in again to come back to the same page.";

const words: Record<SignedOutReason, (idleMinutes: number) => [title: string, text: string]> = {
  new: () => ["Sign in", "Exports, patients' documents and links of this stage. Reloading the page signs you out."],
  left: () => ["You are signed out", "The console has forgotten what it showed."],
  idle: (minutes) => ["You were signed out", `Nothing happened for ${minutes} minutes. ${back}`],
  expired: () => ["Your sign-in has expired", back],
  refused: () => [
    "The API does not accept your sign-in",
    "Sign in again. If this happens at once, ask your operator: the stage's settings api.jwt and console do not fit together.",
  ],
};
