import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { ccdDocuments } from "#ccd-retrieval/language/ccd-request.ts";
import { type RetrievalUnderTest, retrievalUnderTest } from "#test/fixtures/retrieval-under-test.ts";

const patientResource = z.object({
  birthDate: z.string(),
  name: z.tuple([z.object({ family: z.string(), given: z.tuple([z.string()], z.string()) })], z.unknown()),
  identifier: z.tuple([z.object({ value: z.string() })], z.unknown()),
});

describe("documents with the medical record number alone", () => {
  let retrieval: RetrievalUnderTest;
  beforeAll(async () => {
    retrieval = await retrievalUnderTest({ simulator: { ccdDurationMs: 100, ccdPatientIds: "mrn" } });
  });
  afterAll(() => retrieval?.under.stop());
  /** The details in the simulator's Patient resource. */
  const knownOf = (place: number) => {
    const [record] = retrieval.under.simulator.records.ofType("Patient").slice(place);
    return patientResource.parse(JSON.parse(record?.line ?? "null"));
  };
  const faults = () => retrieval.under.simulator.faults;

  test("documents land if the server's Patient proves that they are the patient's", async () => {
    const { under, request, ready, requests, patient } = retrieval;
    const requestId = await request(patient(0));
    const event = await ready(requestId);
    const index = ccdDocuments.parse(JSON.parse((await under.caller.readObject(event.index.key)).toString("utf8")));
    const landed = await Promise.all(
      index.documents.map(async ({ key }) => (await under.caller.readObject(key)).toString("utf8")),
    );
    const record = await requests.find(requestId);
    expect(landed).toEqual(under.simulator.ccdDocumentsOf(record?.serverRequestId ?? "").map(({ xml }) => xml));
    expect(landed.length).toBeGreaterThan(0);
    for (const xml of landed) {
      expect(xml).not.toContain(`extension="${patient(0)}"`);
      expect(xml).toContain(`extension="${knownOf(0).identifier[0].value}"`);
    }
    // The known data of the patient is deleted when the CCD request ends.
    expect(record).not.toHaveProperty("patient");
  });

  test("documents of another person go to quarantine, and the messages say what to compare without patient data", async () => {
    const { under, request, failed, keysOf, patient } = retrieval;
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
    const { birthDate, name } = knownOf(1);
    for (const word of [patient(1), birthDate, name[0].family, name[0].given[0]])
      expect(`${reason} ${JSON.stringify(error)}`).not.toContain(word);
  });

  describe("documents without the server's Patient", () => {
    const refusal = { kind: "status", status: 403, body: "terminal" } as const;

    test("documents with the medical record number alone remain unproven without the Patient", async () => {
      const { request, failed, patient } = retrieval;
      faults().script("resource", [refusal]);
      const requestId = await request(patient(2));
      expect((await failed(requestId)).error.message).toMatch(
        /\(unproven: unknown-ids\).*ccd\.documents\.patientIdRoots/,
      );
    });

    test("documents with the patient's id land without the Patient", async () => {
      const { under, request, expectDocumentsOf, patient } = retrieval;
      under.simulator.settings.ccdPatientIds = "patient-id";
      faults().script("resource", [refusal]);
      await expectDocumentsOf(await request(patient(3)), patient(3));
      expect(faults().pending("resource")).toBe(0);
    });

    test("the Patient is read again after a 503", async () => {
      const { under, request, ready, patient } = retrieval;
      under.simulator.settings.ccdPatientIds = "mrn";
      faults().script("resource", [{ kind: "status", status: 503 }]);
      // The second answer has the details that prove the documents.
      expect((await ready(await request(patient(4)))).documents).toBeGreaterThan(0);
      expect(faults().pending("resource")).toBe(0);
    });
  });
});
