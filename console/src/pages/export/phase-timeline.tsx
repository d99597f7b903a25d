import { BarTable } from "../../parts/bar-table.tsx";
import { durationText } from "../../parts/texts.ts";

/** The phases of `summary.json` in words. A phase that a later release adds has its own name. */
const names: Record<string, string> = {
  waiting: "Waiting for another export",
  atServer: "IntegraConnect prepares the files",
  downloading: "Downloading and checking",
};

/** Where the time of an export went: its phases one after the other, in seconds. */
export function PhaseTimeline({ phases }: { phases: Record<string, number> }) {
  const entries = Object.entries(phases);
  const total = Math.max(
    entries.reduce((sum, [, seconds]) => sum + seconds, 0),
    1,
  );
  let begun = 0;
  const rows = entries.map(([name, seconds]) => {
    const from = begun / total;
    begun += seconds;
    return { name: names[name] ?? name, value: durationText(seconds), from, to: begun / total };
  });
  return <BarTable id="phases" title="Where the time went" headings={["Phase", "Time"]} rows={rows} />;
}
