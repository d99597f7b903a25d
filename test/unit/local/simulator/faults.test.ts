import type { Dispatcher } from "undici";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FaultPlan, type FaultTarget } from "#local/simulator/fault-plan.ts";
import { type Fixture, startFixture } from "./simulator-client.ts";

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
  const lastFault = (): unknown => fixture.simulator.log.at(-1)?.fault;

  it("come in the order of the script, and only once", async () => {
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

  it("can wait for a file", async () => {
    fixture.simulator.faults.script("download", [{ kind: "garbage", match: "device_file" }]);
    expect((await get()).headers["content-type"]).toBe("application/fhir+ndjson");
    expect(fixture.simulator.faults.pending("download")).toBe(1);
  });

  it("cut the connection before the headers or inside the body", async () => {
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

  it.each(["chunked", "close"] as const)("truncate a %s body cleanly inside a record", async (framing) => {
    fixture.simulator.faults.script("download", [{ kind: "truncate", framing }]);
    const response = await get();
    expect(response.headers["content-length"]).toBeUndefined();
    const text = Buffer.from(await response.body.arrayBuffer());
    expect(text.length).toBeLessThan(body.length);
    expect(body.subarray(0, text.length).equals(text)).toBe(true);
    expect(text.at(-1)).not.toBe(0x0a);
    expect(body[text.length]).not.toBe(0x0a);
  });

  it("put a resource of another type into one line", async () => {
    fixture.simulator.faults.script("download", [{ kind: "wrong-type", line: 3 }]);
    const lines = (await (await get()).body.text()).trimEnd().split("\n");
    expect(lines).toHaveLength(20);
    expect(lines.map((line) => line.includes('"resourceType":"Patient"')).indexOf(false)).toBe(3);
    expect(lastFault()).toBe("wrong-type");
  });

  it("stall after the headers until the server closes", async () => {
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
  it("cut a kick-off after the job was created, or before", async () => {
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
  it("never exceed the limit of consecutive faults", () => {
    expect(run(planOf(1, 1), "a")).toBe("xx.".repeat(20));
  });

  it("depend on seed and target only, whatever the order of requests", () => {
    const [alone, mixed] = [planOf(1, 0.4), planOf(1, 0.4)];
    run(mixed, "b");
    expect(run(alone, "a")).toBe(run(mixed, "a"));
    expect(run(planOf(1, 0.4), "a")).not.toBe(run(planOf(2, 0.4), "a"));
    expect(run(planOf(1, 0.4), "a")).toMatch(/x/);
  });
});
