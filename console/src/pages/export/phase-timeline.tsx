import { Bar } from "../../parts/bar.tsx";
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
    return { name, seconds, from, to: begun / total };
  });
  return (
    <section class="card" aria-labelledby="phases">
      <h2 id="phases">Where the time went</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">Phase</th>
            <th scope="col" class="number">
              Time
            </th>
            <td class="bar-cell" />
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, seconds, from, to }) => (
            <tr key={name}>
              <th scope="row">{names[name] ?? name}</th>
              <td class="number">{durationText(seconds)}</td>
              <td class="bar-cell">
                <Bar from={from} to={to} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
