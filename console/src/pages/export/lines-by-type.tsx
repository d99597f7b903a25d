import { Bar } from "../../parts/bar.tsx";
import { numberText } from "../../parts/texts.ts";

/** How many lines of each resource type landed, the most first. */
export function LinesByType({ lines }: { lines: Record<string, number> }) {
  const entries = Object.entries(lines).toSorted(([, left], [, right]) => right - left);
  const largest = Math.max(entries[0]?.[1] ?? 0, 1);
  if (entries.length === 0) return null;
  return (
    <section class="card" aria-labelledby="lines">
      <h2 id="lines">Lines by type</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">Type</th>
            <th scope="col" class="number">
              Lines
            </th>
            <td class="bar-cell" />
          </tr>
        </thead>
        <tbody>
          {entries.map(([type, count]) => (
            <tr key={type}>
              <th scope="row">{type}</th>
              <td class="number">{numberText(count)}</td>
              <td class="bar-cell">
                <Bar from={0} to={count / largest} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
