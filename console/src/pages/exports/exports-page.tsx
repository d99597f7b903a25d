import { useState } from "preact/hooks";
import type { Api } from "../../api/client.ts";
import { type Export, type ExportFilter, type ExportPage, isLive, listPath } from "../../api/exports.ts";
import { AnswerNotice } from "../../parts/answer-notice.tsx";
import { useAnswer } from "../../parts/use-answer.ts";
import { ExportHistory } from "./export-history.tsx";
import { ExportRow } from "./export-row.tsx";
import { StartForm } from "./start-form.tsx";

/** How often the list is read while an export runs, in milliseconds. */
const watchMs = 3_000;

const states = ["requested", "running", "completed", "partial", "failed", "cancelled"];
const levels = ["patient", "group", "system"];

/** The stage's exports, the newest first, and the form that starts one. */
export function ExportsPage({ api }: { api: Api }) {
  const [filter, setFilter] = useState<ExportFilter>({ state: "", level: "" });
  const [place, setPlace] = useState<string>();
  const path = place ?? listPath(filter);
  const page = useAnswer(path, () => api.json<ExportPage>(path), {
    everyMs: watchMs,
    isLive: ({ exports }) => exports.some(isLive),
  });
  const choose = (change: Partial<ExportFilter>) => {
    setPlace(undefined);
    setFilter((before) => ({ ...before, ...change }));
  };
  const { exports = [], next } = page.value ?? {};
  return (
    <>
      <h1>Exports</h1>
      <StartForm api={api} started={page.refresh} />
      <ExportHistory exports={exports} />
      <section aria-labelledby="list">
        <h2 id="list">All exports</h2>
        <div class="fields">
          <Choice label="State" values={states} value={filter.state} choose={(state) => choose({ state })} />
          <Choice label="Level" values={levels} value={filter.level} choose={(level) => choose({ level })} />
        </div>
        <AnswerNotice answer={page} awaited="The exports are being read." />
        {page.value !== undefined && exports.length === 0 && <p>No export matches.</p>}
        <ExportList exports={exports} />
        {place !== undefined && (
          <button type="button" onClick={() => setPlace(undefined)}>
            Newest exports
          </button>
        )}
        {next !== undefined && (
          <button type="button" onClick={() => setPlace(next)}>
            Older exports
          </button>
        )}
      </section>
    </>
  );
}

function ExportList({ exports }: { exports: Export[] }) {
  return (
    <ul class="rows">
      {exports.map((one) => (
        <ExportRow key={one.exportId} export={one} />
      ))}
    </ul>
  );
}

interface ChoiceProps {
  label: string;
  values: string[];
  value: string;
  choose: (value: string) => void;
}

function Choice({ label, values, value, choose }: ChoiceProps) {
  return (
    <label>
      {label}
      <select value={value} onChange={({ currentTarget }) => choose(currentTarget.value)}>
        <option value="">All</option>
        {values.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    </label>
  );
}
