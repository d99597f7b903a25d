import { isUtf8 } from "node:buffer";
import { gunzipSync } from "node:zlib";
import type { Dispatcher } from "undici";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FaultPlan, type FaultTarget, type ScriptedFault } from "#local/simulator/faults/fault-plan.ts";
import { type Fixture, startFixture } from "#test/unit/local/simulator/simulator-client.ts";

describe("faults of downloads", () => {
  let fixture: Fixture;
  let url: string;
  let body: Buffer;
  beforeEach(async () => {
    fixture = await startFixture({ manifestStyle: "standard", retryAfterSeconds: 2 });
    const { manifest, jobId } = await fixture.exported("Patient/$export?_type=Patient");
    url = manifest.output[0]?.url ?? "";
    body = fixture.simulator.filesOf(jobId).output[0]?.body ?? Buffer.alloc(0);
  });
  afterEach(() => fixture.simulator.close());

  const get = (): Promise<Dispatcher.ResponseData> => fixture.get(url, { "x-auth-token": fixture.token });
  const spoilt = async (fault: ScriptedFault): Promise<Buffer> => {
    fixture.simulator.faults.script("download", [fault]);
    return Buffer.from(await (await get()).body.arrayBuffer());
  };
  const lastFault = (): unknown => fixture.simulator.log.at(-1)?.fault;

  it("scripted faults of downloads happen in order, once each", async () => {
    const { faults } = fixture.simulator;
    faults.script("download", [
      { kind: "unauthorized" },
      { kind: "status", status: 503 },
      { kind: "none" },
      { kind: "status", status: 429, retryAfter: 9, body: "empty" },
      { kind: "garbage" },
      { kind: "redirect", location: "http://127.0.0.1:1/" },
    ]);
    const statuses: number[] = [];
    const retryAfter: unknown[] = [];
    for (let attempt = 0; attempt < 7; attempt += 1) {
      const response = await get();
      statuses.push(response.statusCode);
      retryAfter.push(response.headers["retry-after"]);
      await response.body.dump();
    }
    expect(statuses).toEqual([401, 503, 200, 429, 200, 307, 200]);
    expect(retryAfter).toEqual([undefined, "2", undefined, "9", undefined, undefined, undefined]);
    expect(faults.pending("download")).toBe(0);
  });

  it("a scripted fault with match waits for its file", async () => {
    fixture.simulator.faults.script("download", [{ kind: "garbage", match: "device_file" }]);
    expect((await get()).headers["content-type"]).toBe("application/fhir+ndjson");
    expect(fixture.simulator.faults.pending("download")).toBe(1);
  });

  it("the fault cut closes the connection before the headers, or inside the body", async () => {
    fixture.simulator.faults.script("download", [{ kind: "cut" }, { kind: "cut", afterBytes: 100 }]);
    await expect(get()).rejects.toThrow("closed");
    expect(fixture.simulator.log.at(-1)).toMatchObject({ fault: "cut", status: null });
    const response = await get();
    expect(Number(response.headers["content-length"])).toBe(body.length);
    let received = 0;
    const read = async (): Promise<void> => {
      for await (const part of response.body) received += Buffer.from(part).length;
    };
    await expect(read()).rejects.toThrow("closed");
    expect(received).toBe(100);
  });

  it.each(["chunked", "close"] as const)(
    "the fault truncate ends a %s body cleanly inside a record",
    async (framing) => {
      fixture.simulator.faults.script("download", [{ kind: "truncate", framing }]);
      const response = await get();
      expect(response.headers["content-length"]).toBeUndefined();
      const text = Buffer.from(await response.body.arrayBuffer());
      expect(text.length).toBeLessThan(body.length);
      expect(body.subarray(0, text.length).equals(text)).toBe(true);
      expect(text.at(-1)).not.toBe(0x0a);
      expect(body[text.length]).not.toBe(0x0a);
    },
  );

  it("the fault wrong-type puts a resource of another type into one line", async () => {
    fixture.simulator.faults.script("download", [{ kind: "wrong-type", line: 3 }]);
    const lines = (await (await get()).body.text()).trimEnd().split("\n");
    expect(lines).toHaveLength(20);
    expect(lines.map((line) => line.includes('"resourceType":"Patient"')).indexOf(false)).toBe(3);
    expect(lastFault()).toBe("wrong-type");
  });

  it.each([
    ["wrong-type", { kind: "wrong-type", line: 3, nested: true }, 20],
    ["bad-line", { kind: "bad-line", line: 3 }, 20],
    ["bad-line", { kind: "bad-line", line: 3, how: "not-utf8" }, 20],
    ["drop-line", { kind: "drop-line", line: 3 }, 19],
  ] as const)("a fault of one line leaves the other lines unchanged: %s %o", async (kind, fault, count) => {
    const lines = (await spoilt(fault)).toString("latin1").trimEnd().split("\n");
    const whole = body.toString("latin1").trimEnd().split("\n");
    expect(lines).toHaveLength(count);
    expect(lines.filter((line) => !whole.includes(line))).toHaveLength(count - 19);
    expect(lastFault()).toBe(kind);
  });

  it("each fault of one line changes it in its own way", async () => {
    const nested = (await spoilt({ kind: "wrong-type", line: 0, nested: true })).toString().split("\n")[0] ?? "";
    expect(JSON.parse(nested)).toMatchObject({
      resourceType: "Observation",
      contained: [{ resourceType: "Patient" }],
    });
    const bad = (await spoilt({ kind: "bad-line", line: 0 })).toString().split("\n")[0] ?? "";
    expect(() => JSON.parse(bad) as unknown).toThrow("JSON");
    expect(isUtf8(await spoilt({ kind: "bad-line", how: "not-utf8" }))).toBe(false);
  });

  it("the fault bad-gzip damages a gzip stream inside of whole HTTP, and leaves an uncompressed answer unchanged", async () => {
    fixture.simulator.faults.script("download", [
      { kind: "bad-gzip", how: "cut" },
      { kind: "bad-gzip", how: "garbage-behind" },
      { kind: "bad-gzip", how: "cut" },
    ]);
    const headers = { "x-auth-token": fixture.token, "accept-encoding": "gzip" };
    const cut = Buffer.from(await (await fixture.get(url, headers)).body.arrayBuffer());
    expect(() => gunzipSync(cut)).toThrow("unexpected end of file");
    const longer = Buffer.from(await (await fixture.get(url, headers)).body.arrayBuffer());
    expect(longer.subarray(0, cut.length).equals(cut)).toBe(true);
    expect(longer.length - cut.length).toBeGreaterThan(8);
    expect(await (await get()).body.text()).toBe(body.toString());
    expect(lastFault()).toBeNull();
  });

  it("the fault stall sends nothing after the headers until the simulator closes", async () => {
    fixture.simulator.faults.script("download", [{ kind: "stall", afterBytes: 10 }]);
    const response = await get();
    expect(response.statusCode).toBe(200);
    const reading = response.body.arrayBuffer().then(
      () => "ended",
      () => "broken",
    );
    const waiting = new Promise((resolve) => setTimeout(resolve, 100, "silent"));
    expect(await Promise.race([reading, waiting])).toBe("silent");
    await fixture.simulator.close();
    expect(await reading).toBe("broken");
    fixture = await startFixture();
  });
});

describe("faults of other endpoints", () => {
  it("the fault cut ends a kick-off after the job was created, or before", async () => {
    const { simulator, kickOff } = await startFixture();
    simulator.faults.script("kick-off", [{ kind: "cut", effect: false }, { kind: "cut" }]);
    await expect(kickOff("Patient/$export")).rejects.toThrow("closed");
    expect(simulator.jobs()).toHaveLength(0);
    await expect(kickOff("Patient/$export")).rejects.toThrow("closed");
    expect(simulator.jobs()).toHaveLength(1);
    const repeated = await kickOff("Patient/$export");
    expect(repeated.headers["content-location"]).toBe(simulator.jobs()[0]?.statusUrl);
    await simulator.close();
  });
});

const target = (key: string): FaultTarget => ({
  endpoint: "download",
  key,
  method: "GET",
  path: "/",
  query: "",
  fileName: key,
  contentReady: true,
});
const run = (plan: FaultPlan, key: string): string =>
  Array.from({ length: 60 }, () => (plan.next(target(key)) === null ? "." : "x")).join("");
const planOf = (seed: number, rate: number): FaultPlan => {
  const plan = new FaultPlan(seed);
  plan.maxConsecutive = 2;
  plan.rates("download", [{ rate, fault: { kind: "garbage" } }]);
  return plan;
};

describe("rates", () => {
  it("fault rates never exceed the limit of consecutive faults", () => {
    expect(run(planOf(1, 1), "a")).toBe("xx.".repeat(20));
  });

  it("faults by rate depend on the seed and the target only, in any order of requests", () => {
    const [alone, mixed] = [planOf(1, 0.4), planOf(1, 0.4)];
    run(mixed, "b");
    expect(run(alone, "a")).toBe(run(mixed, "a"));
    expect(run(planOf(1, 0.4), "a")).not.toBe(run(planOf(2, 0.4), "a"));
    expect(run(planOf(1, 0.4), "a")).toMatch(/x/);
  });
});
