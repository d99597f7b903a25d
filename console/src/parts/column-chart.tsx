interface ColumnChartProps {
  title: string;
  columns: { key: string; value: number; isFailed: boolean }[];
  textOf: (value: number) => string;
}

const [width, height, gap] = [320, 90, 4];

/** A column for each value. A picture for a quick look: the numbers themselves are in the list. */
export function ColumnChart({ title, columns, textOf }: ColumnChartProps) {
  const values = columns.map(({ value }) => value);
  const [largest, last] = [Math.max(...values), values.at(-1) ?? 0];
  const step = width / columns.length;
  const heightOf = (value: number) => Math.max(2, (value / Math.max(largest, 1e-9)) * height);
  const summary = `${title}: at most ${textOf(largest)}, last ${textOf(last)}`;
  return (
    <figure class="card">
      <figcaption>{summary}</figcaption>
      <svg class="chart" viewBox={`0 0 ${width} ${height + 2}`} role="img" aria-label={summary}>
        <rect class="frame" x="0" y={height} width={width} height="2" />
        {columns.map(({ key, value, isFailed }, place) => (
          <rect
            key={key}
            class={isFailed ? "failed" : ""}
            x={place * step + gap / 2}
            y={height - heightOf(value)}
            width={step - gap}
            height={heightOf(value)}
          />
        ))}
      </svg>
    </figure>
  );
}
