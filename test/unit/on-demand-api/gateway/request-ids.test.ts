import { createHash, createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { exportId } from "#bulk-export/language/export-id.ts";
import { ccdRequestId } from "#ccd-retrieval/language/ccd-request-id.ts";
import { requestIds } from "#on-demand-api/gateway/request-ids.ts";

const secret = "s".repeat(64);
const ids = (text = secret, kind: "ccd" | "export" = "ccd") => requestIds(kind, () => Promise.resolve(text)).repeatable;
const random = (kind: "ccd" | "export") => requestIds(kind, () => Promise.resolve(secret)).random();

describe("the id of a request that may be repeated", () => {
  it("a repeatable id is the same for the same caller and key, and differs for any other", async () => {
    const id = await ids()("clara", "visit-1");
    expect(ccdRequestId.parse(id)).toBe(id);
    expect(await ids()("clara", "visit-1")).toBe(id);
    const others = [
      await ids()("clara", "visit-2"),
      await ids()("paul", "visit-1"),
      await ids()('clara","visit', "1"),
      await ids("t".repeat(64))("clara", "visit-1"),
    ];
    expect(new Set([id, ...others]).size).toBe(5);
  });

  it("the id of an export has the form of one, and shares nothing with that of a CCD request", async () => {
    const id = await ids(secret, "export")("clara", "visit-1");
    expect(exportId.parse(id)).toMatch(/^api-[0-9a-f]{32}$/);
    expect(id.slice(4)).not.toBe((await ids()("clara", "visit-1")).slice(4));
    expect(exportId.parse(random("export"))).toMatch(/^api-[0-9a-f]{32}$/);
  });

  it("a repeatable id cannot be found by trying keys without the secret", async () => {
    const id = await ids()("clara", "patient-250001");
    const guess = JSON.stringify(["clara", "patient-250001"]);
    const guesses = [createHash("sha256").update(guess), createHmac("sha256", "").update(guess)];
    for (const hash of guesses) expect(id).not.toContain(hash.digest("hex").slice(0, 32));
  });

  it("a secret that is too short makes no ids", async () => {
    await expect(ids("short")("clara", "visit-1")).rejects.toThrow("too short");
  });
});

describe("the id of a request that cannot be repeated", () => {
  it("a random id is different each time", () => {
    const made = Array.from({ length: 20 }, () => random("ccd"));
    expect(new Set(made).size).toBe(20);
    for (const id of made) expect(ccdRequestId.parse(id)).toBe(id);
  });
});
