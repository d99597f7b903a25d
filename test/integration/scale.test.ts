import { expect, it } from "vitest";
import { countExport } from "#cli/cost/count-export.ts";
import { exportAtScale } from "#test/scale/export-at-scale.ts";
import { brokenInvariants } from "#test/scale/invariants.ts";

it("each of 500 files lands, is downloaded and is published once, within all limits (npm run test:scale: 10,000)", async () => {
  const run = await exportAtScale({ files: 500 });
  expect(run.served).toHaveLength(500);
  expect(brokenInvariants(run)).toEqual([]);
  const polls = run.requests.filter(({ endpoint }) => endpoint === "status").length;
  const counted = countExport({ polls, items: run.children.length });
  expect(run.onAws.stateTransitions, "as npm run cost counts them").toBe(counted.stateTransitions);
}, 600_000);
