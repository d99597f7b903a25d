import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { ccdDocuments } from "#ccd-retrieval/language/ccd-request.ts";
import type { CcdAttack, Fault } from "#local/simulator/faults/fault-schema.ts";
import { type RetrievalUnderTest, retrievalUnderTest } from "#test/fixtures/retrieval-under-test.ts";

/** The fault and the reason of each attack. The compiler asks for an entry if the simulator gets another attack. */
const refusals: Record<
  Exclude<CcdAttack, "malformed-xml">,
  [error: "DocumentsRefused" | "WrongPatient", reason: string]
> = {
  "zip-slip": ["DocumentsRefused", "unsafe-name"],
  "zip-bomb": ["DocumentsRefused", "document-too-large"],
  "lying-sizes": ["DocumentsRefused", "size-differs"],
  "duplicate-names": ["DocumentsRefused", "duplicate-name"],
  "encrypted-entry": ["DocumentsRefused", "encrypted"],
  truncated: ["DocumentsRefused", "truncated"],
  "internal-entity": ["DocumentsRefused", "document-type"],
  "billion-laughs": ["DocumentsRefused", "document-type"],
  "external-dtd": ["DocumentsRefused", "document-type"],
  "external-entity": ["DocumentsRefused", "document-type"],
  "wrong-patient": ["WrongPatient", "wrong-patient"],
  "other-person": ["WrongPatient", "wrong-patient"],
};

const reasonFile = z.object({ requestId: z.string(), kept: z.boolean(), reason: z.string(), message: z.string() });

describe("an answer with an attack, or with another patient's document", () => {
  let retrieval: RetrievalUnderTest;
  beforeAll(async () => {
    retrieval = await retrievalUnderTest({ simulator: { ccdDurationMs: 100 } });
  });
  afterAll(() => retrieval?.under.stop());

  /** Attacks the next five downloads, because an attempt may break off on a busy machine and the next one must be attacked as well. */
  function attackBy(fault: Omit<Extract<Fault, { kind: "hostile-ccd" }>, "kind">): void {
    const { faults } = retrieval.under.simulator;
    faults.clear();
    faults.script(
      "ccd-download",
      Array.from({ length: 5 }, () => ({ kind: "hostile-ccd", ...fault }) as const),
    );
  }

  /** Asserts that no document landed, that the answer is in quarantine as received, and that the failure is published and recorded. */
  async function expectQuarantined(requestId: string, name: string, reason: string): Promise<void> {
    const { under, requests, failed, keysOf } = retrieval;
    const { error } = await failed(requestId);
    expect(error.name).toBe(name);
    expect(await keysOf(`ccds/${requestId}/`)).toEqual([]);
    const place = `quarantine/ccds/${requestId}`;
    expect(await keysOf(`${place}/`)).toEqual([`${place}/answer`, `${place}/reason.json`]);
    const stored = reasonFile.parse(
      JSON.parse((await under.caller.readObject(`${place}/reason.json`)).toString("utf8")),
    );
    expect(stored).toMatchObject({ requestId, kept: true, reason });
    expect((await under.caller.readObject(`${place}/answer`)).subarray(0, 2).toString()).toBe("PK");
    expect((await under.auditRecords(`ccds/${requestId}/`)).keys()).toContain(`ccds/${requestId}/quarantined.json`);
    expect(await requests.find(requestId)).toMatchObject({ state: "failed", failure: error });
  }

  test.each(Object.entries(refusals))(
    "the attack %s lands no document, goes to quarantine, and fails the CCD request",
    async (attack, expected) => {
      attackBy({ attack: attack as CcdAttack });
      const before = retrieval.requestCount("other");
      await expectQuarantined(await retrieval.request(retrieval.patient(0)), ...expected);
      // The attacks name addresses of the simulator. It must not get a request for them.
      expect(retrieval.requestCount("other")).toBe(before);
    },
  );

  test("a ZIP bomb below the size limit is refused for its compression ratio", async () => {
    attackBy({ attack: "zip-bomb", bytes: 8 * 2 ** 20 });
    const requestId = await retrieval.request(retrieval.patient(1));
    await expectQuarantined(requestId, "DocumentsRefused", "ratio-too-high");
  });

  // D13
  test("a malformed document stays in quarantine, and the others land", async () => {
    attackBy({ attack: "malformed-xml" });
    const { under, keysOf } = retrieval;
    const { records } = under.simulator;
    const documentsOf = (id: string): number => records.ofPatient(id).filter(({ type }) => type === "Encounter").length;
    const patient = records.ofType("Patient").find(({ id }) => documentsOf(id) > 1);
    const requestId = await retrieval.request(patient?.id ?? "");
    const { index, documents, refused } = await retrieval.ready(requestId);
    const listed = ccdDocuments.parse(JSON.parse((await under.caller.readObject(index.key)).toString("utf8")));
    const numbers = listed.documents.map(({ number }) => number);
    expect(refused).toEqual([{ number: documents + 1, reason: "malformed-xml" }]);
    expect(listed.refused).toEqual(refused);
    expect(await keysOf(`ccds/${requestId}/`)).toEqual([
      ...numbers.map((number) => `ccds/${requestId}/${number}.xml`),
      `ccds/${requestId}/documents.json`,
    ]);
    expect(numbers).toEqual(Array.from({ length: documents }, (_, place) => place + 1));
    const place = `quarantine/ccds/${requestId}`;
    expect(await keysOf(`${place}/`)).toEqual([`${place}/answer`, `${place}/reason.json`]);
    const stored = reasonFile.parse(
      JSON.parse((await under.caller.readObject(`${place}/reason.json`)).toString("utf8")),
    );
    expect(stored).toMatchObject({ kept: true, reason: "some-documents" });
  });

  test("the next CCD request after an attack lands its patient's documents", async () => {
    retrieval.under.simulator.faults.clear();
    const requestId = await retrieval.request(retrieval.patient(2));
    await retrieval.expectDocumentsOf(requestId, retrieval.patient(2));
    expect(await retrieval.keysOf(`quarantine/ccds/${requestId}/`)).toEqual([]);
  });
});
