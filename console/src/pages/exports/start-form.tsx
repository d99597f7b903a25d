import { useState } from "preact/hooks";
import type { Api } from "../../api/client.ts";
import { type ExportWish, startExport } from "../../api/exports.ts";
import { FailureNotice } from "../../parts/failure-notice.tsx";
import { useAction } from "../../parts/use-action.ts";
import { goOnFromHere, hrefOf } from "../../route.ts";

const plainWish: ExportWish = { level: "patient", groupId: "", types: "", since: "" };

/** Starts an export, and opens its page. */
export function StartForm({ api, started }: { api: Api; started: () => void }) {
  const [wish, setWish] = useState(plainWish);
  // The same click, sent again after a lost answer, is the same export.
  const [key, setKey] = useState(() => crypto.randomUUID());
  const start = useAction();
  const change = (part: Partial<ExportWish>) => {
    setWish((before) => ({ ...before, ...part }));
    setKey(crypto.randomUUID());
  };
  const submit = (event: Event) => {
    event.preventDefault();
    const goOn = goOnFromHere();
    start.run(async () => {
      const { exportId } = await startExport(api, wish, key);
      setKey(crypto.randomUUID());
      started();
      goOn(hrefOf("exports", exportId));
    });
  };
  return (
    <form class="card" onSubmit={submit} aria-label="Start an export">
      <div class="fields">
        <label>
          Export
          <select
            value={wish.level}
            onChange={({ currentTarget }) => change({ level: currentTarget.value as ExportWish["level"] })}
          >
            <option value="patient">All patients</option>
            <option value="group">One group</option>
            <option value="system">Whole system</option>
          </select>
        </label>
        {wish.level === "group" && (
          <label>
            Group id
            <input
              required
              value={wish.groupId}
              onInput={({ currentTarget }) => change({ groupId: currentTarget.value })}
            />
          </label>
        )}
        <label>
          Resource types (optional)
          <input
            placeholder="Patient, Observation"
            value={wish.types}
            onInput={({ currentTarget }) => change({ types: currentTarget.value })}
          />
        </label>
        <label>
          Changed since (optional)
          <input
            type="date"
            value={wish.since}
            onInput={({ currentTarget }) => change({ since: currentTarget.value })}
          />
        </label>
      </div>
      <button type="submit" class="primary" aria-disabled={start.isRunning}>
        Start the export
      </button>
      <FailureNotice failure={start.failure} />
    </form>
  );
}
