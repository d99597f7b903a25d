import { describe, expect, it } from "vitest";
import { type EventType, eventDetails } from "#functions/wings.ts";
import { patientExport } from "../../../fixtures/bridge-in-memory.ts";

const common = {
  version: "1",
  eventId: "e1/x",
  exportId: "e1",
  run: "first",
  requestId: null,
  request: patientExport.request,
  predecessor: null,
};
const aboutCcds = { version: "1", eventId: "x", requestId: `ccd-${"0".repeat(32)}` };
const aboutLink = { version: "1", eventId: "x", linkId: `link-${"0".repeat(32)}`, launch: "standalone" };
const pointer = { bucket: "landing", key: "exports/e1/" };
const at = "2026-03-01T12:00:00.000Z";

const examples: Record<EventType, Record<string, unknown>> = {
  "Export Started": { ...common, startedAt: at, destination: pointer },
  "Export File Landed": {
    ...common,
    file: {
      ...pointer,
      kind: "output",
      type: "Patient",
      lines: 1,
      bytes: 2,
      checksum: { algorithm: "CRC32", value: "AAAAAA==" },
    },
  },
  "Export Completed": {
    ...common,
    status: "partial",
    transactionTime: at,
    adoptedFrom: null,
    summary: pointer,
    manifest: pointer,
    totals: { files: 1, failedFiles: 1, lines: 2, bytes: 3 },
    warnings: { COUNT_EXCEEDED: 1 },
    failedFiles: [{ key: "k", type: "Patient", reason: "gone" }],
  },
  "Export Failed": { ...common, request: null, error: { name: "Unexpected", message: "x" }, destination: pointer },
  "Export Cancelled": { ...common, cancelledAt: at, jobDeleted: true, destination: pointer },
  "Ccd Ready": { ...aboutCcds, documents: 2, index: pointer },
  "User Session Ended": {
    version: "1",
    eventId: "session/service/x",
    sessionId: "service",
    endedAt: at,
    refusal: "grant-refused",
    message: "renew it",
  },
  "Ccd Failed": { ...aboutCcds, error: { name: "WrongPatient", message: "x" } },
  "User Linked": { ...aboutLink, linkedAt: at },
  "User Link Failed": { ...aboutLink, endedAt: at, state: "denied", reason: null, message: "x" },
  "User Link Revoked": { ...aboutLink, revokedAt: at, atServer: "revoked" },
};

const everyDetail = ["version", "eventId"];
const furtherDetail = (type: EventType): string[] => {
  if (type.startsWith("Export")) return ["requestId", "exportId", "run", "request", "predecessor"];
  if (type.startsWith("User Link")) return ["linkId", "launch"];
  return type.startsWith("Ccd") ? ["requestId"] : ["sessionId", "endedAt", "refusal", "message"];
};

describe.each(Object.keys(eventDetails) as EventType[])("the event %s", (type) => {
  const schema = eventDetails[type];
  const example = examples[type];

  it("the event's schema accepts its example unchanged", () => {
    expect(schema.parse(example)).toEqual(example);
  });

  it.each([...everyDetail, ...furtherDetail(type)])("the event requires %s", (field) => {
    const { [field]: _, ...rest } = example;
    expect(schema.safeParse(rest).success).toBe(false);
  });

  it("the event's schema refuses unknown members at any depth", () => {
    expect(schema.safeParse({ ...example, patient: "Jane" }).success).toBe(false);
    for (const [field, value] of Object.entries(example)) {
      if (typeof value !== "object" || value === null || Array.isArray(value)) continue;
      expect(schema.safeParse({ ...example, [field]: { ...value, url: "https://x" } }).success).toBe(false);
    }
  });
});
