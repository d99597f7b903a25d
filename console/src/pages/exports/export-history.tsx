import type { Export } from "../../api/exports.ts";
import { ColumnChart } from "../../parts/column-chart.tsx";
import { bytesText, durationText } from "../../parts/texts.ts";
import { secondsOf } from "./export-row.tsx";

/** At most so many columns fit on a phone. */
const mostColumns = 20;

/** Duration and volume of the last exports that ended, the oldest on the left. */
export function ExportHistory({ exports }: { exports: Export[] }) {
  const ended = exports
    .filter((one) => secondsOf(one) !== null)
    .slice(0, mostColumns)
    .toReversed();
  if (ended.length < 2) return null;
  const columns = (valueOf: (one: Export) => number) =>
    ended.map((one) => ({ key: one.exportId, value: valueOf(one), isFailed: one.state === "failed" }));
  return (
    <section aria-labelledby="history">
      <h2 id="history">The last {ended.length} exports that ended</h2>
      <div class="charts">
        <ColumnChart title="Duration" columns={columns((one) => secondsOf(one) ?? 0)} textOf={durationText} />
        <ColumnChart title="Volume" columns={columns(({ progress }) => progress.bytes)} textOf={bytesText} />
      </div>
    </section>
  );
}
