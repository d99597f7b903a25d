import { type BenchResults, medianUsage, type Runs, type ScenarioResult } from "./results.ts";

const width = 720;
const labelWidth = 150;
const barWidth = 420;
const rowHeight = 26;
const titleHeight = 34;
const fills: Record<Runs["contender"], string> = {
  unverified: "#9aa5b1",
  "integra-bridge": "#0b7285",
  "smart-fetch": "#c08a2b",
  bulk_fhir_fetch: "#7a5195",
};

/** Draws the medians as bars: for each scenario the time by the clock, and in it the CPU time as text. Shorter is better. */
export function renderPlot({ scenarios, cores, date }: BenchResults): string {
  let top = 0;
  const parts = scenarios.map((result) => {
    const group = `<g transform="translate(0 ${top})">${renderScenario(result)}</g>`;
    top += titleHeight + result.contenders.length * rowHeight + 12;
    return group;
  });
  const note = `Medians on ${cores} cores, ${date}. Shorter is better.`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top + 24}" role="img" aria-label="Time of downloads" font-family="sans-serif" font-size="13">
<rect width="100%" height="100%" fill="#ffffff"/>
${parts.join("\n")}
<text x="8" y="${top + 12}" fill="#555555">${note}</text>
</svg>
`;
}

function renderScenario({ scenario, contenders }: ScenarioResult): string {
  const rows = contenders.map((runs) => ({ name: runs.contender, ...medianUsage(runs) }));
  const longest = Math.max(...rows.map(({ wallSeconds }) => wallSeconds));
  const bars = rows.map(({ name, wallSeconds, cpuSeconds, peakBytes }, n) => {
    const y = titleHeight + n * rowHeight;
    const length = Math.max(1, (wallSeconds / longest) * barWidth);
    const figures = `${wallSeconds.toFixed(1)} s`;
    const details = `${figures}, CPU ${cpuSeconds.toFixed(1)} s, ${(peakBytes / 1e6).toFixed(0)} MB`;
    return [
      `<text x="${labelWidth - 8}" y="${y + 14}" text-anchor="end" fill="#222222">${name}</text>`,
      `<rect x="${labelWidth}" y="${y}" width="${length.toFixed(1)}" height="18" fill="${fills[name]}"><title>${details}</title></rect>`,
      `<text x="${(labelWidth + length + 6).toFixed(1)}" y="${y + 14}" fill="#222222">${figures}</text>`,
    ].join("");
  });
  return `<text x="8" y="20" font-weight="bold" fill="#222222">${scenario}</text>${bars.join("")}`;
}
