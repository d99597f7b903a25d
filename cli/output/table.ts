/** How the cells of a column are aligned. */
export type Alignment = "left" | "right";

/**
 * A table of aligned columns without lines.
 * @param rows the first has the headings
 * @param alignments one for each column; "left" if it is absent
 */
export function table(rows: readonly (readonly string[])[], alignments: readonly Alignment[] = []): string[] {
  const shown = rows.map((row) => row.map(withoutControls));
  const widths = (shown[0] ?? []).map((_, column) => Math.max(...shown.map((row) => row[column]?.length ?? 0)));
  const cell = (text: string, column: number) =>
    alignments[column] === "right" ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0);
  return shown.map((row) => row.map(cell).join("  ").trimEnd());
}

/** Texts of servers may hold escape sequences, by which a terminal could be taken over. */
export const withoutControls = (text: string): string => text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ");
