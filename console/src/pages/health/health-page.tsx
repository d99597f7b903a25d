import type { HealthCheck, HealthReport } from "#on-demand-api/language/health-messages.ts";
import type { Api } from "../../api/client.ts";
import { FailureNotice } from "../../parts/failure-notice.tsx";
import { timeText } from "../../parts/texts.ts";
import { useAnswer } from "../../parts/use-answer.ts";

const subjects: Record<HealthCheck, string> = {
  secrets: "Client",
  keys: "Keys",
  sessions: "Session",
  server: "Server",
  exports: "Exports",
};

/** The verdicts in words, and the class that gives each its colour. */
const verdicts: Record<HealthReport["verdict"], { words: string; state: string }> = {
  ok: { words: "OK", state: "ok" },
  warning: { words: "Warning", state: "warning" },
  "could-not-check": { words: "Could not be checked", state: "warning" },
  failed: { words: "Failed", state: "failed" },
};

/** How often the stage is checked again after a call that failed, in milliseconds. */
const retryMs = 30_000;

/** The health of the stage: what the bridge finds if it looks at itself, and what to do. */
export function HealthPage({ api }: { api: Api }) {
  const report = useAnswer("/health", () => api.json<HealthReport>("/health"), {
    everyMs: retryMs,
    isLive: () => false,
  });
  return (
    <>
      <h1>Health</h1>
      <p class="hint">What the bridge finds if it looks at the stage. A check changes nothing.</p>
      <FailureNotice failure={report.failure} />
      <div role="status">
        {report.value !== undefined && <Summary report={report.value} />}
        {report.value === undefined && report.failure === undefined && <p>The stage is being checked.</p>}
      </div>
      <button type="button" onClick={report.refresh}>
        Check again
      </button>
      {report.value !== undefined && (
        <ul class="rows">
          {report.value.findings.map((finding) => (
            <FindingRow key={`${finding.check} ${finding.seen}`} finding={finding} />
          ))}
        </ul>
      )}
    </>
  );
}

function Summary({ report: { verdict, at } }: { report: HealthReport }) {
  return (
    <p>
      <Verdict verdict={verdict} /> Checked <time dateTime={at}>{timeText(at)}</time>
    </p>
  );
}

function FindingRow({ finding: { check, verdict, seen, action } }: { finding: HealthReport["findings"][number] }) {
  return (
    <li>
      <span>
        <strong>{subjects[check]}</strong> <Verdict verdict={verdict} />
        <br />
        {capitalised(seen)}
        {action !== undefined && (
          <>
            <br />
            <strong>What to do:</strong> {capitalised(action)}
          </>
        )}
      </span>
    </li>
  );
}

function Verdict({ verdict }: { verdict: HealthReport["verdict"] }) {
  const { words, state } = verdicts[verdict];
  return <span class={`state ${state}`}>{words}</span>;
}

/**
 * A text of a finding with a capital letter, unless it begins with an address or the name of a secret. It gets no full stop: somebody
 * could copy that with a command.
 */
const capitalised = (text: string): string =>
  /^(?:https?:|integra-bridge\/)/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
