import type { Api } from "../../api/client.ts";
import { ApiFailure } from "../../api/failure.ts";
import { type UsableLink, usableLinks } from "../../api/links.ts";
import { FailureNotice } from "../../parts/failure-notice.tsx";
import { useAnswer } from "../../parts/use-answer.ts";
import { linkName } from "./link-name.ts";

/** How soon links are read again if that failed for now, in milliseconds. */
const againMs = 10_000;

interface ReadAsProps {
  api: Api;
  /** The chosen link; undefined for the stage's own session. */
  link: UsableLink | undefined;
  choose: (link: UsableLink | undefined) => void;
}

/** The choice in whose name patients are read: the stage's own session, or one of the user's links. A user without links has no choice. */
export function ReadAs({ api, link, choose }: ReadAsProps) {
  const { value, failure } = useAnswer("links", () => usableLinks(api), { everyMs: againMs, isLive: () => false });
  const links = withChosen(value ?? [], link);
  return (
    <>
      {links.length > 0 && (
        <div class="card">
          <label>
            Read as
            <select
              autocomplete="off"
              value={link?.id ?? ""}
              onChange={({ currentTarget }) => choose(links.find(({ id }) => id === currentTarget.value))}
            >
              <option value="">The stage's own session</option>
              {links.map((one) => (
                <option key={one.id} value={one.id}>
                  {linkName(one)}
                </option>
              ))}
            </select>
          </label>
          <p class="hint" role="status">
            {meaningOf(link)}
          </p>
        </div>
      )}
      <FailureNotice failure={failure && unreadLinks(failure, link)} />
    </>
  );
}

/**
 * The chosen link stays chosen if it is not among the links that can be used, or if these are not known yet. Otherwise the user would
 * go on under another identity without noticing. The API refuses a link that cannot be used.
 */
function withChosen(links: UsableLink[], chosen: UsableLink | undefined): UsableLink[] {
  return chosen === undefined || links.some(({ id }) => id === chosen.id) ? links : [chosen, ...links];
}

function meaningOf(link: UsableLink | undefined): string {
  if (link === undefined) return "IntegraConnect shows what the stage's own user may see.";
  if (link.patient === null) return "IntegraConnect shows what the person who signed in for this link may see.";
  return "This link serves one patient only, so there is nothing to search for.";
}

function unreadLinks({ message, detail, status, callId }: ApiFailure, link: UsableLink | undefined): ApiFailure {
  const now = link === undefined ? "Patients are read in the stage's own session." : "The chosen link stays chosen.";
  return new ApiFailure("Your links could not be read", { status, callId, detail: `${now} ${message}: ${detail}` });
}
