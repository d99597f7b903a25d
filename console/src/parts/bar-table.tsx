import { Bar } from "./bar.tsx";

export interface BarRow {
  name: string;
  /** The number that the bar shows, as text. */
  value: string;
  /** Where the bar begins and ends, as parts of the whole width: 0 to 1. */
  from: number;
  to: number;
}

interface BarTableProps {
  id: string;
  title: string;
  /** The headings of the names and of the numbers. */
  headings: readonly [name: string, value: string];
  rows: readonly BarRow[];
}

/** A card with a table of numbers, and a bar beside each of them. */
export function BarTable({ id, title, headings: [name, value], rows }: BarTableProps) {
  return (
    <section class="card" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">{name}</th>
            <th scope="col" class="number">
              {value}
            </th>
            <td class="bar-cell" />
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.name}>
              <th scope="row">{row.name}</th>
              <td class="number">{row.value}</td>
              <td class="bar-cell">
                <Bar from={row.from} to={row.to} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
