import { useState } from "preact/hooks";
import type { LinkView } from "#on-demand-api/language/link-messages.ts";
import type { Api } from "../../api/client.ts";
import type { LinkPage } from "../../api/links.ts";
import { AnswerNotice } from "../../parts/answer-notice.tsx";
import { FailureNotice } from "../../parts/failure-notice.tsx";
import { timeText } from "../../parts/texts.ts";
import { useAction } from "../../parts/use-action.ts";
import { useAnswer } from "../../parts/use-answer.ts";

/** How often links are read while one waits for its user, in milliseconds. */
const watchMs = 5_000;

/** A new link with its one-time URL. The API shows the URL once. */
type NewLink = LinkView & { url: string };

/** The user's links: a person's own access to IntegraConnect, which the person grants in a browser. */
export function LinksPage({ api }: { api: Api }) {
  const [place, setPlace] = useState("/links");
  const page = useAnswer(place, () => api.json<LinkPage>(place), {
    everyMs: watchMs,
    isLive: ({ links }) => links.some(({ state }) => state === "pending"),
  });
  const links = page.value?.links;
  const next = page.value?.next;
  return (
    <>
      <h1>Links</h1>
      <p class="hint">
        A link lets a person sign in at IntegraConnect, so that calls under the link serve that person's patient only.
      </p>
      <CreateLink api={api} created={page.refresh} />
      <section aria-labelledby="own-links">
        <h2 id="own-links">Your links</h2>
        <AnswerNotice answer={page} awaited="Your links are being read." />
        {links?.length === 0 && <p>You have no links.</p>}
        {links?.map((link) => (
          <LinkCard key={link.id} api={api} link={link} changed={page.refresh} />
        ))}
        {place !== "/links" && (
          <button type="button" onClick={() => setPlace("/links")}>
            First links
          </button>
        )}
        {next !== undefined && (
          <button type="button" onClick={() => setPlace(next)}>
            Next links
          </button>
        )}
      </section>
    </>
  );
}

function CreateLink({ api, created }: { api: Api; created: () => void }) {
  const [reference, setReference] = useState("");
  const [link, setLink] = useState<NewLink>();
  const [isCopied, setCopied] = useState(false);
  const creation = useAction();
  const submit = (event: Event) => {
    event.preventDefault();
    creation.run(async () => {
      const body = { launch: "standalone", ...(reference.trim() !== "" && { reference: reference.trim() }) };
      setLink(await api.post<NewLink>("/links", body, crypto.randomUUID()));
      setCopied(false);
      setReference("");
      created();
    });
  };
  const copy = ({ url }: NewLink) => {
    navigator.clipboard.writeText(url).then(
      () => setCopied(true),
      // Without the permission to copy, the person marks the text by hand.
      () => setCopied(false),
    );
  };
  return (
    <form class="card" onSubmit={submit} aria-label="Create a link">
      <label>
        Reference (optional)
        <input
          autocomplete="off"
          maxLength={200}
          aria-describedby="reference-hint"
          value={reference}
          onInput={({ currentTarget: { value } }) => setReference(value)}
        />
      </label>
      <p class="hint" id="reference-hint">
        Your own id of the person. Use no name and no number of a patient.
      </p>
      <button type="submit" class="primary" aria-disabled={creation.isRunning}>
        Create a link
      </button>
      <FailureNotice failure={creation.failure} />
      <div role="status">
        {link !== undefined && (
          <div class="notice">
            <p>
              Send this address to the person. It begins one sign-in, until {timeText(link.expiresAt)}. Anyone who has
              it can sign in. The console does not show it again.
            </p>
            <p>
              <code class="secret">{link.url}</code>
            </p>
            <button type="button" onClick={() => copy(link)}>
              {isCopied ? "Copied" : "Copy"}
            </button>{" "}
            <button type="button" onClick={() => setLink(undefined)}>
              Hide
            </button>
          </div>
        )}
      </div>
    </form>
  );
}

function LinkCard({ api, link, changed }: { api: Api; link: LinkView; changed: () => void }) {
  const [isAsked, setAsked] = useState(false);
  const removal = useAction();
  const remove = () =>
    removal.run(async () => {
      await api.json(`/links/${link.id}`, { method: "DELETE" });
      setAsked(false);
      changed();
    });
  const name = link.reference ?? link.id;
  return (
    <article class="card">
      <h3>
        {name} <span class={`state ${link.state}`}>{link.state}</span>
      </h3>
      <p>
        Created {timeText(link.createdAt)}.{link.linkedAt !== null && ` Linked ${timeText(link.linkedAt)}.`}
        {link.patient !== null && " It serves one patient."}
      </p>
      {link.message !== null && <p>{link.message}.</p>}
      {link.state !== "revoked" && !isAsked && (
        <button type="button" onClick={() => setAsked(true)} aria-label={`Remove link ${name}`}>
          Remove
        </button>
      )}
      {isAsked && (
        <div class="notice">
          <p>The person's access ends. This cannot be undone.</p>
          <button type="button" class="danger" aria-disabled={removal.isRunning} onClick={remove}>
            Remove the link
          </button>{" "}
          <button type="button" onClick={() => setAsked(false)}>
            Keep it
          </button>
        </div>
      )}
      <FailureNotice failure={removal.failure} />
    </article>
  );
}
