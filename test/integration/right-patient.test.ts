import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ccdDocuments } from "#contracts/ccd-request.ts";
import { type RetrievalUnderTest, retrievalUnderTest } from "#test/fixtures/retrieval-under-test.ts";

describe("documents that carry the medical record number alone", () => {
  let retrieval: RetrievalUnderTest;
  beforeAll(async () => {
    retrieval = await retrievalUnderTest({ simulator: { ccdDurationMs: 100, ccdPatientIds: "mrn" } });
  });
  afterAll(() => retrieval?.under.stop());
  const faults = () => retrieval.under.simulator.faults;

  test("are the patient's by what the server's Patient says", async () => {
    const { under, request, ready, requests, patient } = retrieval;
    const requestId = await request(patient(0));
    const told = await ready(requestId);
    const index = ccdDocuments.parse(JSON.parse((await under.caller.readObject(told.index.key)).toString("utf8")));
    const landed = await Promise.all(
      index.documents.map(async ({ key }) => (await under.caller.readObject(key)).toString("utf8")),
    );
    const record = await requests.find(requestId);
    expect(landed).toEqual(under.simulator.ccdDocumentsOf(record?.serverRequestId ?? "").map(({ xml }) => xml));
    expect(landed.length).toBeGreaterThan(0);
    for (const xml of landed) {
      expect(xml).not.toContain(`extension="${patient(0)}"`);
      expect(xml).toContain(`extension="${record?.patient?.identifiers[0]?.value}"`);
    }
  });

  test("are quarantined where they name another person, and the words say what to look at, and nothing of anybody", async () => {
    const { under, request, failed, keysOf, requests, patient } = retrieval;
    faults().script("ccd-download", [{ kind: "hostile-ccd", attack: "other-person" }]);
    const requestId = await request(patient(1));
    const { error } = await failed(requestId);
    expect(error.name).toBe("WrongPatient");
    expect(error.message).toMatch(/\(unproven: person-contradicts-id\).*quarantine.*birth date/);
    expect(await keysOf(`ccds/${requestId}/`)).toEqual([]);
    const place = `quarantine/ccds/${requestId}`;
    expect(await keysOf(`${place}/`)).toEqual([`${place}/answer`, `${place}/reason.json`]);
    const reason = (await under.caller.readObject(`${place}/reason.json`)).toString("utf8");
    expect(JSON.parse(reason)).toMatchObject({ reason: "wrong-patient", message: error.message });
    const known = (await requests.find(requestId))?.patient?.demographics;
    const words = [patient(1), known?.birthDate, known?.names[0]?.family, known?.names[0]?.given[0]];
    for (const word of words) expect(`${reason} ${JSON.stringify(error)}`).not.toContain(word ?? "nothing is known");
  });

  describe("where the server refuses to tell of the patient,", () => {
    const refusal = { kind: "status", status: 403, body: "terminal" } as const;

    test("prove nothing", async () => {
      const { request, failed, requests, patient } = retrieval;
      faults().script("resource", [refusal]);
      const requestId = await request(patient(2));
      expect((await failed(requestId)).error.message).toMatch(
        /\(unproven: unknown-ids\).*ccd\.documents\.patientIdRoots/,
      );
      expect((await requests.find(requestId))?.patient?.identifiers).toEqual([]);
    });

    test("do no harm to those that carry the patient's id", async () => {
      const { under, request, expectDocumentsOf, patient } = retrieval;
      under.simulator.settings.ccdPatientIds = "patient-id";
      faults().script("resource", [refusal]);
      await expectDocumentsOf(await request(patient(3)), patient(3));
      expect(faults().pending("resource")).toBe(0);
    });

    test("it is asked again after a trouble", async () => {
      const { under, request, expectDocumentsOf, requests, patient } = retrieval;
      under.simulator.settings.ccdPatientIds = "both";
      faults().script("resource", [{ kind: "status", status: 503 }]);
      const requestId = await request(patient(4));
      await expectDocumentsOf(requestId, patient(4));
      expect((await requests.find(requestId))?.patient?.identifiers).toHaveLength(1);
      expect(faults().pending("resource")).toBe(0);
    });
  });
});
