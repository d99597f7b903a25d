import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ConsoleConfig } from "../config.ts";
import { Api } from "./api/client.ts";
import { ExportPage } from "./pages/export/export-page.tsx";
import { ExportsPage } from "./pages/exports/exports-page.tsx";
import { HealthPage } from "./pages/health/health-page.tsx";
import { LinksPage } from "./pages/links/links-page.tsx";
import { type CcdDesk, emptyDesk } from "./pages/patients/ccd-desk.ts";
import { PatientsPage } from "./pages/patients/patients-page.tsx";
import { hrefOf, type PageName, type Route, useRoute } from "./route.ts";
import type { Session, SessionState } from "./sign-in/session.ts";
import { SignInPage } from "./sign-in/sign-in-page.tsx";

const titles: Record<PageName, string> = { exports: "Exports", patients: "Patients", links: "Links", health: "Health" };

interface AppProps {
  config: ConsoleConfig;
  session: Session;
  /** Why the sign-in from which the browser comes back failed. */
  signInProblem: string | undefined;
}

/** The console: the sign-in page, or the pages of a user who is signed in. */
export function App({ config, session, signInProblem }: AppProps) {
  const state = useSessionState(session);
  const route = useRoute();
  useEffect(() => {
    const page = state.kind === "signed-in" ? titles[route.page] : "Sign in";
    // Never a patient's name: titles are in the browser's history.
    document.title = `${page} · integra-bridge ${config.stage}`;
  }, [state.kind, route.page]);
  if (state.kind === "signed-out") return <SignInPage config={config} reason={state.reason} problem={signInProblem} />;
  return <SignedInApp config={config} session={session} state={state} route={route} />;
}

function useSessionState(session: Session): SessionState {
  const [state, setState] = useState(session.state);
  useEffect(() => {
    const follow = () => setState(session.state);
    follow();
    return session.onChange(follow);
  }, [session]);
  return state;
}

interface SignedInProps {
  config: ConsoleConfig;
  session: Session;
  state: Extract<SessionState, { kind: "signed-in" }>;
  route: Route;
}

/** Everything below here is gone from memory when the user is signed out. */
function SignedInApp({ config, session, state, route }: SignedInProps) {
  const api = useMemo(() => new Api(session, config.apiUrl), [session]);
  const [desk, setDesk] = useState<CcdDesk>(emptyDesk);
  const main = useFocusOnNewPage(`${route.page}/${route.exportId ?? ""}`);
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => skipTo(event, main.current)}>
        Skip to the content
      </a>
      <header>
        <span class="brand">integra-bridge</span> <span class="stage">stage {config.stage}</span>
        <nav aria-label="Pages">
          {Object.entries(titles).map(([page, title]) => (
            <a
              key={page}
              href={hrefOf(page as PageName)}
              {...(route.page === page && { "aria-current": "page" as const })}
            >
              {title}
            </a>
          ))}
        </nav>
        <span class="user">{state.user}</span>
        <button type="button" class="quiet" onClick={() => session.end("left")}>
          Sign out
        </button>
      </header>
      <div role="status">
        {state.idleSoon && (
          <p class="notice">
            You will be signed out soon, because nothing happened for a while.{" "}
            <button type="button" onClick={() => session.touch()}>
              Stay signed in
            </button>
          </p>
        )}
      </div>
      <main ref={main} tabIndex={-1} id="main">
        <PageOf route={route} api={api} desk={desk} setDesk={setDesk} />
      </main>
    </>
  );
}

interface PageProps {
  route: Route;
  api: Api;
  desk: CcdDesk;
  setDesk: (change: (desk: CcdDesk) => CcdDesk) => void;
}

function PageOf({ route, api, desk, setDesk }: PageProps) {
  const { page, exportId } = route;
  if (page === "patients") return <PatientsPage api={api} desk={desk} setDesk={setDesk} />;
  if (page === "health") return <HealthPage api={api} />;
  if (page === "links") return <LinksPage api={api} />;
  return exportId === undefined ? (
    <ExportsPage api={api} />
  ) : (
    <ExportPage key={exportId} api={api} exportId={exportId} />
  );
}

/** The skip link must not change the address: its part after `#` names the page. */
function skipTo(event: Event, target: HTMLElement | null): void {
  event.preventDefault();
  target?.focus();
}

/** Moves the focus to the content when another page is shown, so that a screen reader begins there. */
function useFocusOnNewPage(place: string) {
  const main = useRef<HTMLElement>(null);
  const shown = useRef(place);
  useEffect(() => {
    if (shown.current === place) return;
    shown.current = place;
    main.current?.focus();
  }, [place]);
  return main;
}
