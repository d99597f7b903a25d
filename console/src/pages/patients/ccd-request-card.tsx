import { useState } from "preact/hooks";
import type { CcdRequestView } from "#on-demand-api/language/ccd-request-messages.ts";
import type { Api } from "../../api/client.ts";
import { ApiFailure } from "../../api/failure.ts";
import { FailureNotice } from "../../parts/failure-notice.tsx";
import { bytesText, countText, timeText } from "../../parts/texts.ts";
import { useAction } from "../../parts/use-action.ts";
import { useAnswer } from "../../parts/use-answer.ts";
import type { AskedCcds, OpenDocument } from "./ccd-desk.ts";
import { linkName } from "./link-name.ts";

/** How often a pending request is read, in milliseconds. */
const watchMs = 2_000;

type CcdDocument = CcdRequestView["documents"][number];

interface CcdRequestCardProps {
  api: Api;
  asked: AskedCcds;
  open: (document: OpenDocument) => void;
}

/** A CCD request, watched until it ends, and its documents. */
export function CcdRequestCard({ api, asked, open }: CcdRequestCardProps) {
  const { requestId, patient, link } = asked;
  const request = useAnswer(requestId, () => api.json<CcdRequestView>(`/ccd-requests/${requestId}`), {
    everyMs: watchMs,
    isLive: ({ state }) => state === "pending",
  });
  const view = request.value;
  return (
    <article class="card">
      <h3>
        {patient.name} <span class={`state ${view?.state ?? "pending"}`}>{view?.state ?? "pending"}</span>
      </h3>
      <p role="status">{view === undefined ? "The request is sent." : sentenceOf(view)}</p>
      <p class="small">
        Request <code>{requestId}</code>
        {link !== undefined && `, read as ${linkName(link)}`}
      </p>
      <FailureNotice failure={request.failure} />
      {view?.state === "ready" && <Documents api={api} view={view} asked={asked} open={open} />}
    </article>
  );
}

function sentenceOf({ state, requestedAt, endedAt, failure, documents, refused }: CcdRequestView): string {
  if (state === "pending") return `IntegraConnect prepares the documents. Requested ${timeText(requestedAt)}.`;
  if (state === "failed") return `No documents came. ${failure?.message ?? ""}`;
  const count = countText(documents.length, "document");
  const others = refused.length === 0 ? "" : ` ${refused.length} could not be accepted; your operator has them.`;
  return `${count}, since ${timeText(endedAt)}.${others}`;
}

interface DocumentsProps extends CcdRequestCardProps {
  view: CcdRequestView;
}

function Documents({ api, view, asked, open }: DocumentsProps) {
  const [further, setFurther] = useState<CcdRequestView>();
  const action = useAction();
  const documents = [...view.documents, ...(further?.documents ?? [])];
  const next = further === undefined ? view.next : further.next;
  const read = (document: CcdDocument) =>
    action.run(async () => {
      const html = await readPage(api, document.href);
      open({ html, title: titleOf(document), patient: asked.patient });
    });
  const showMore = (link: string) =>
    action.run(async () => {
      const page = await api.json<CcdRequestView>(link);
      setFurther({ ...page, documents: [...(further?.documents ?? []), ...page.documents] });
    });
  return (
    <>
      <ul class="rows">
        {documents.map((document) => (
          <li key={document.number}>
            <span>
              <strong>{titleOf(document)}</strong>
              <br />
              <span class="small">
                {timeText(document.encounterStart ?? document.effectiveTime)}, {bytesText(document.bytes)}
              </span>
            </span>
            <button
              type="button"
              aria-disabled={action.isRunning}
              onClick={() => read(document)}
              aria-label={`Read document ${document.number}: ${titleOf(document)}`}
            >
              Read
            </button>
          </li>
        ))}
      </ul>
      {next !== undefined && (
        <button type="button" aria-disabled={action.isRunning} onClick={() => showMore(next)}>
          Show more documents
        </button>
      )}
      <FailureNotice failure={action.failure} />
    </>
  );
}

const titleOf = ({ title, number }: CcdDocument): string => title ?? `Document ${number}`;

/** @throws ApiFailure if the document has no page, or one that is too large to come through the API */
async function readPage(api: Api, href: string): Promise<string> {
  const response = await api.call(href, { headers: { accept: "text/html" } });
  if (response.type !== "opaqueredirect") return await response.text();
  const detail = "Its page has more than 4.5 MB. Get it with the command-line tool.";
  throw new ApiFailure("The document is too large for the console", { status: 0, detail });
}
