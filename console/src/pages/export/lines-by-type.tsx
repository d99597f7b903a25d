import { BarTable } from "../../parts/bar-table.tsx";
import { numberText } from "../../parts/texts.ts";

/** How many lines of each resource type landed, the most first. */
export function LinesByType({ lines }: { lines: Record<string, number> }) {
  const entries = Object.entries(lines).toSorted(([, left], [, right]) => right - left);
  const largest = Math.max(entries[0]?.[1] ?? 0, 1);
  if (entries.length === 0) return null;
  const rows = entries.map(([name, count]) => ({ name, value: numberText(count), from: 0, to: count / largest }));
  return <BarTable id="lines" title="Lines by type" headings={["Type", "Lines"]} rows={rows} />;
}
