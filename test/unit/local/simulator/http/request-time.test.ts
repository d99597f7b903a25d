import { afterEach, describe, expect, it, vi } from "vitest";
import { startFixture } from "#test/unit/local/simulator/simulator-client.ts";
import { requestIdOf, startUserFixture } from "#test/unit/local/simulator/user-client.ts";

const DURATION_MS = 30_000;
// More than the readings of the clock that one request needs, so that the end falls between each two of them.
const STARTS = Array.from({ length: 10 }, (_, index) => index);

afterEach(() => vi.restoreAllMocks());

/** From now on each reading of the clock is a millisecond later than the one before. */
function tickFrom(start: number): void {
  let time = start;
  vi.spyOn(Date, "now").mockImplementation(() => time++);
}

describe("a request during which a job or a server request ends", () => {
  it.each(STARTS)("gets the scripted fault with the first documents, %i ms before the end", async (before) => {
    const fixture = await startUserFixture({ ccdDurationMs: DURATION_MS });
    const { faults, log, close } = fixture.simulator;
    const start = Date.now();
    vi.spyOn(Date, "now").mockReturnValue(start);
    const id = requestIdOf(await fixture.requestCcds(fixture.patientIds[1] ?? ""));
    const nonceToken = await fixture.nonce();
    faults.script("ccd-download", [{ kind: "hostile-ccd", attack: "truncated" }]);
    tickFrom(start + DURATION_MS - before);
    const { headers } = await fixture.get(`integra/MoBulkDownload/bulkDownload?id=${id}&nonceToken=${nonceToken}`);
    const hasDocuments = headers["content-type"] === "application/zip";
    expect([hasDocuments, faults.pending("ccd-download")]).toEqual([hasDocuments, hasDocuments ? 0 : 1]);
    expect(log.at(-1)?.fault).toBe(hasDocuments ? "hostile-ccd" : null);
    await close();
  });

  it.each(STARTS)("gets the scripted fault with the first manifest, %i ms before the end", async (before) => {
    const { simulator, kickOff, get } = await startFixture({ exportDurationMs: DURATION_MS });
    const start = Date.now();
    vi.spyOn(Date, "now").mockReturnValue(start);
    const accepted = await kickOff("Patient/$export?_type=Device");
    await accepted.body.dump();
    simulator.faults.script("status", [{ kind: "odd-manifest", change: "no-output" }]);
    tickFrom(start + DURATION_MS - before);
    const answer = await get(String(accepted.headers["content-location"]));
    await answer.body.dump();
    const isComplete = answer.statusCode === 200;
    expect([isComplete, simulator.faults.pending("status")]).toEqual([isComplete, isComplete ? 0 : 1]);
    await simulator.close();
  });
});
