import { renderCostTable } from "./cost/cost-table.ts";
import { renderWaitingTable } from "./performance/waiting-table.ts";

/** The tables of docs/performance.md that are computed, by the name in their marks. */
const tables: Record<string, () => string> = { waiting: renderWaitingTable, cost: renderCostTable };

/**
 * Renders docs/performance.md: each computed table replaces what is between its marks, `<!-- waiting -->` and `<!-- /waiting -->`.
 * @param page the page as it is
 * @throws Error if a mark is missing
 */
export function renderPerformanceDocs(page: string): string {
  return Object.entries(tables).reduce((text, [name, render]) => {
    const [before, rest] = halves(text, `<!-- ${name} -->`);
    const [, after] = halves(rest, `<!-- /${name} -->`);
    return `${before}<!-- ${name} -->\n\n${render()}\n\n<!-- /${name} -->${after}`;
  }, page);
}

function halves(text: string, mark: string): [before: string, after: string] {
  const at = text.indexOf(mark);
  if (at < 0) throw new Error(`docs/performance.md lacks the mark ${mark}`);
  return [text.slice(0, at), text.slice(at + mark.length)];
}
