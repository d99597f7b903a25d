import { describe, expect, it } from "vitest";
import { exportAudit } from "#bulk-export/records/export-audit.ts";
import { ccdAudit } from "#ccd-retrieval/records/ccd-audit.ts";
import { auditTrail } from "#platform/bucket/audit-trail.ts";
import { s3InMemory } from "../../../fixtures/s3-in-memory.ts";

const run = { exportId: "e1", run: "first" };

describe("the audit trail", () => {
  it("a fact stays as it was first recorded if a step is repeated", async () => {
    const s3 = s3InMemory({ locked: true });
    let now = Date.parse("2026-03-01T12:00:00Z");
    const audit = exportAudit(auditTrail(s3.client, "b"), () => now);
    await audit.append(run, "stopped", { message: "first", jobDeleted: true });
    now += 60_000;
    await audit.append(run, "stopped", { message: "second", jobDeleted: false });
    const text = s3.objects.get("exports/e1/first/stopped.json")?.body.toString() ?? "";
    expect(JSON.parse(text)).toEqual({
      version: "1",
      exportId: "e1",
      run: "first",
      fact: "stopped",
      at: "2026-03-01T12:00:00.000Z",
      message: "first",
      jobDeleted: true,
    });
  });

  it("facts of the same name in one run are recorded separately", async () => {
    const s3 = s3InMemory({ locked: true });
    const audit = exportAudit(auditTrail(s3.client, "b"), Date.now);
    for (const serverJobId of ["j1", "j2"]) await audit.append(run, "kicked-off", { serverJobId }, serverJobId);
    expect([...s3.objects.keys()]).toEqual([
      "exports/e1/first/kicked-off-j1.json",
      "exports/e1/first/kicked-off-j2.json",
    ]);
  });

  it("the facts of a CCD request are recorded below its id, apart from those of exports", async () => {
    const s3 = s3InMemory({ locked: true });
    const audit = ccdAudit(auditTrail(s3.client, "b"), () => Date.parse("2026-03-01T12:00:00Z"));
    const requestId = `ccd-${"0".repeat(32)}`;
    await audit.append(requestId, "told-ready", { eventId: "first" });
    await audit.append(requestId, "told-ready", { eventId: "second" });
    const text = s3.objects.get(`ccds/${requestId}/told-ready.json`)?.body.toString() ?? "";
    const at = "2026-03-01T12:00:00.000Z";
    expect(JSON.parse(text)).toEqual({ version: "1", requestId, fact: "told-ready", at, eventId: "first" });
    const detail = { eventId: "e", patient: "Jane" };
    await expect(audit.append(requestId, "told-ready", detail)).rejects.toThrow("patient");
  });

  it("a fact with a member that it may not have is not recorded", async () => {
    const audit = exportAudit(auditTrail(s3InMemory({ locked: true }).client, "b"), Date.now);
    const detail = { message: "m", jobDeleted: true, patient: "Jane" };
    await expect(audit.append(run, "stopped", detail)).rejects.toThrow("patient");
  });
});
