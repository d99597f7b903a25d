import { expect, it } from "vitest";
import { exportAtScale } from "#test/scale/export-at-scale.ts";
import { brokenInvariants } from "#test/scale/invariants.ts";

it("each of 500 files lands, is downloaded and is published once, within all limits (npm run test:scale: 10,000)", async () => {
  const run = await exportAtScale({ files: 500 });
  expect(run.served).toHaveLength(500);
  expect(brokenInvariants(run)).toEqual([]);
}, 240_000);
