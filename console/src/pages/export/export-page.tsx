import type { ComponentChildren } from "preact";
import type { Api } from "../../api/client.ts";
import { cancelExport, type Export, isLive, readExport, resumeExport } from "../../api/exports.ts";
import { AnswerNotice } from "../../parts/answer-notice.tsx";
import { ExportProgress } from "../../parts/export-progress.tsx";
import { FailureNotice } from "../../parts/failure-notice.tsx";
import { timeText } from "../../parts/texts.ts";
import { useAction } from "../../parts/use-action.ts";
import { useAnswer } from "../../parts/use-answer.ts";
import { goOnFromHere, hrefOf } from "../../route.ts";
import { originOf, subjectOf } from "../exports/export-row.tsx";
import { ExportFiles } from "./export-files.tsx";
import { LinesByType } from "./lines-by-type.tsx";
import { PhaseTimeline } from "./phase-timeline.tsx";

/** How often a running export is read, in milliseconds. */
const watchMs = 2_000;

/** One export: what happens now or how it ended, where the time went, and its files. */
export function ExportPage({ api, exportId }: { api: Api; exportId: string }) {
  const answer = useAnswer(exportId, () => readExport(api, exportId), { everyMs: watchMs, isLive });
  const one = answer.value;
  return (
    <>
      <p>
        <a href={hrefOf("exports")}>All exports</a>
      </p>
      {one === undefined ? <h1>Export</h1> : <Head export={one} />}
      <AnswerNotice answer={answer} awaited="The export is being read." />
      {one !== undefined && (
        <>
          <Actions api={api} export={one} changed={answer.refresh} />
          {one.phases !== null && <PhaseTimeline phases={one.phases} />}
          {one.linesByType !== null && <LinesByType lines={one.linesByType} />}
          {one.state !== "requested" && <ExportFiles api={api} export={one} />}
        </>
      )}
    </>
  );
}

function Head({ export: one }: { export: Export }) {
  const { state, request, error, waitsFor } = one;
  return (
    <>
      <h1>
        {subjectOf(one)} <span class={`state ${state}`}>{state}</span>
      </h1>
      <div class="card">
        <p role="status">{one.message}</p>
        {isLive(one) && <ExportProgress export={one} />}
        {error !== null && (
          <div class="failure">
            <p class="title">{error.name}</p>
            <p>{error.message}</p>
            <p>{error.action}</p>
          </div>
        )}
        <dl>
          <Fact name="Id" value={<code>{one.exportId}</code>} />
          <Fact name="Requested" value={`${timeText(one.requestedAt)}, ${originOf(one)}`} />
          {one.startedAt !== null && <Fact name="Started" value={timeText(one.startedAt)} />}
          {one.endedAt !== null && <Fact name="Ended" value={timeText(one.endedAt)} />}
          {request?.since != null && <Fact name="Changed since" value={timeText(request.since)} />}
          {waitsFor !== null && <Fact name="Waits for" value={waitsFor.message} />}
          {one.serverProgress !== null && isLive(one) && <Fact name="Server" value={one.serverProgress} />}
          {one.nextPollAt !== null && isLive(one) && <Fact name="Next poll" value={timeText(one.nextPollAt)} />}
        </dl>
      </div>
    </>
  );
}

function Fact({ name, value }: { name: string; value: ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

function Actions({ api, export: one, changed }: { api: Api; export: Export; changed: () => void }) {
  const action = useAction();
  const cancel = () =>
    action.run(async () => {
      await cancelExport(api, one.exportId);
      changed();
    });
  const resume = () => {
    const goOn = goOnFromHere();
    action.run(async () => {
      const { exportId } = await resumeExport(api, one.exportId);
      if (exportId === one.exportId) changed();
      else goOn(hrefOf("exports", exportId));
    });
  };
  return (
    <>
      {one.actions.includes("cancel") && (
        <button type="button" class="danger" aria-disabled={action.isRunning} onClick={cancel}>
          Cancel the export
        </button>
      )}
      {one.actions.includes("resume") && (
        <button type="button" aria-disabled={action.isRunning} onClick={resume}>
          Fetch the missing files
        </button>
      )}
      <FailureNotice failure={action.failure} />
    </>
  );
}
