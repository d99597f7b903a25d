import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Context } from "aws-lambda";
import { Agent } from "undici";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { KickOffRejected } from "#bulk-export/language/export-faults.ts";
import { verifiedUpload } from "#bulk-export/verified-file/verified-upload.ts";
import { landingBucket } from "#platform/bucket/landing-bucket.ts";
import { undiciHttp } from "#platform/http/http.ts";
import { stepHandlers } from "#platform/lambda/step.ts";
import { s3InMemory } from "../../../fixtures/s3-in-memory.ts";
import { head, startWireServer, type WireServer } from "../../../fixtures/wire-server.ts";

const context = (remaining = 60_000) => ({ getRemainingTimeInMillis: () => remaining }) as Context;
const step = stepHandlers(() => ({}));
const number = z.object({ number: z.number() });
const expected = { type: "Patient", count: null, transportProven: false };
const someLines = Buffer.from('{"resourceType":"Patient"}\n'.repeat(100));

const beforeVisible = () => Promise.reject(new Error("a part of a file would be visible"));

describe("a step as a Lambda handler", () => {
  it("a step is built once and called often", async () => {
    let built = 0;
    const handler = step(number, number, () => {
      built += 1;
      return ({ number: given }) => Promise.resolve({ number: given + 1 });
    });
    expect(await handler({ number: 1 }, context())).toEqual({ number: 2 });
    expect(await handler({ number: 2 }, context())).toEqual({ number: 3 });
    expect(built).toBe(1);
  });

  it("a step that could not be built is built again by the next call", async () => {
    let tries = 0;
    const handler = step(number, number, () => {
      tries += 1;
      if (tries === 1) throw new Error("not complete");
      return (input) => Promise.resolve(input);
    });
    await expect(handler({ number: 1 }, context())).rejects.toThrow("not complete");
    expect(await handler({ number: 1 }, context())).toEqual({ number: 1 });
  });

  it("a step does not run if its input does not fit its schema", async () => {
    let ran = false;
    const handler = step(number, number, () => (input) => {
      ran = true;
      return Promise.resolve(input);
    });
    await expect(handler({ number: "1" }, context())).rejects.toMatchObject({ name: "ZodError" });
    expect(ran).toBe(false);
  });

  it("an output that does not fit its schema is not returned", async () => {
    const handler = step(number, number, () => () => Promise.resolve({ number: "x" } as never));
    await expect(handler({ number: 1 }, context())).rejects.toMatchObject({ name: "ZodError" });
  });

  it("the fault of a step is thrown unchanged, with its literal name", async () => {
    const fault = new KickOffRejected("400");
    const handler = step(number, number, () => () => Promise.reject(fault));
    await expect(handler({ number: 1 }, context())).rejects.toBe(fault);
    expect(fault.name).toBe("KickOffRejected");
  });

  it("the signal of a step has not aborted when the step starts", async () => {
    const handler = step(
      z.object({}),
      z.object({ aborted: z.boolean() }),
      () =>
        (_, { signal }) =>
          Promise.resolve({ aborted: signal.aborted }),
    );
    expect(await handler({}, context(5))).toEqual({ aborted: false });
  });

  describe("a step that runs out of time", () => {
    let server: WireServer;
    let agent: Agent;
    beforeEach(async () => {
      agent = new Agent();
      // A file whose server falls silent after its first lines.
      server = await startWireServer(() => ({ bytes: Buffer.concat([head(200), someLines]), end: "keep" }));
    });
    afterEach(async () => {
      vi.restoreAllMocks();
      await agent.destroy();
      await server.close();
    });

    it("a step that runs out of time is aborted early enough to abort its upload", async () => {
      const s3 = s3InMemory();
      const upload = verifiedUpload(s3.client, landingBucket(s3.client, "landing"), { putBytes: 256, partBytes: 256 });
      const download = step(z.object({}), z.object({ lines: z.number() }), () => async (_, { signal }) => {
        const answer = await undiciHttp(agent)({ method: "GET", url: new URL(server.origin), headers: {}, signal });
        return await upload(answer.body, { key: "a", expected, beforeVisible, signal });
      });
      // The time is up once the upload has begun, however long that takes here.
      const running = new AbortController();
      const timeout = vi.spyOn(AbortSignal, "timeout").mockReturnValue(running.signal);
      const downloading = download({}, context(11_000)).catch((error: unknown) => error);
      await expect.poll(() => s3.commands).toContain("CreateMultipartUpload");
      running.abort(new DOMException("The time is up.", "TimeoutError"));
      expect(await downloading).toMatchObject({ name: "TimeoutError" });
      expect(timeout.mock.calls).toEqual([[1_000]]);
      expect(s3.commands.at(-1)).toBe("AbortMultipartUpload");
      expect(s3.uploads.size).toBe(0);
    });
  });
});

describe("the log", () => {
  it("the log contains no credential and no query of a URL, also in errors and their causes", async () => {
    const program = fileURLToPath(new URL("../../../fixtures/log-credentials.ts", import.meta.url));
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program], {
      env: { ...process.env, POWERTOOLS_LOG_LEVEL: "INFO" },
    });
    const output = stdout + stderr;
    expect(output).toContain("The step failed.");
    expect(output).toContain("AccessRefused");
    expect(output).toContain("https://portal.example/d");
    expect(output).toContain('"exportId":"e1"');
    expect(output).not.toContain("PLANTED");
    expect(output).not.toContain("eyJ");
  });
});
