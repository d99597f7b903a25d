import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { phasesOf } from "#bulk-export/language/export-phases.ts";

const at = (ms: number): string => new Date(Date.parse("2026-03-01T12:00:00.000Z") + ms).toISOString();

describe("the phases of a run", () => {
  it("are its waiting, the server's work, and its downloads", () => {
    const timings = { startedAt: at(0), kickedOffAt: at(2_400), manifestReadAt: at(62_600), completedAt: at(90_000) };
    expect(phasesOf(timings)).toEqual({ waiting: 2, atServer: 61, downloading: 27 });
  });

  it("of a resumed run have no waiting: its job was kicked off before it began", () => {
    const timings = {
      startedAt: at(0),
      kickedOffAt: at(-7_200_000),
      manifestReadAt: at(3_000),
      completedAt: at(8_000),
    };
    expect(phasesOf(timings)).toEqual({ waiting: 0, atServer: 3, downloading: 5 });
  });

  it("add up to the time of the run, whatever the clocks said in between", () => {
    const time = fc.integer({ min: -100_000, max: 1_000_000 });
    fc.assert(
      fc.property(time, time, fc.nat(1_000_000), (kickedOff, manifestRead, completed) => {
        const timings = {
          startedAt: at(0),
          kickedOffAt: at(kickedOff),
          manifestReadAt: at(manifestRead),
          completedAt: at(completed),
        };
        const { waiting, atServer, downloading } = phasesOf(timings);
        expect(Math.min(waiting, atServer, downloading)).toBeGreaterThanOrEqual(0);
        expect(waiting + atServer + downloading).toBe(Math.round(completed / 1000));
      }),
    );
  });
});
