import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readHl7Time } from "#ccd-retrieval/documents/c-cda/hl7-time.ts";
import type { InstanceIdentifier } from "#ccd-retrieval/documents/c-cda/hl7-values.ts";
import type { RecordTarget } from "#ccd-retrieval/documents/c-cda/record-target.ts";
import { judgePatient } from "#ccd-retrieval/documents/patient-match/right-patient.ts";
import { documentSettings, type PatientRules } from "#ccd-retrieval/language/document-settings.ts";
import {
  type Demographics,
  nothingKnown,
  type PatientIdentifier,
  type RequestedPatient,
} from "#ccd-retrieval/language/known-patient.ts";

const ehr = "2.16.840.1.113883.3.9999.3";
const mrnRoot = "2.16.840.1.113883.3.9999.4";
const ssn = "2.16.840.1.113883.4.1";
const id = (root: string | undefined, extension: string | undefined): InstanceIdentifier => ({ root, extension });

const target = (ids: InstanceIdentifier[], person: Partial<RecordTarget> = {}): RecordTarget => ({
  ids,
  names: [],
  birthTime: undefined,
  gender: undefined,
  ...person,
});

const george: Partial<RecordTarget> = {
  names: [{ family: ["NICHOLS"], given: ["GEORGE", "J"] }],
  birthTime: readHl7Time("19620115"),
  gender: "M",
};
const known: Demographics = {
  birthDate: "1962-01-15",
  gender: "male",
  names: [
    { family: "Nichols", given: ["George J"] },
    { family: "Doe", given: ["John"] },
  ],
};

const requested: RequestedPatient = { ...nothingKnown, patientId: "110318733539" };
const numbered = (system: string | null, value: string, ...types: string[]): RequestedPatient => ({
  ...requested,
  identifiers: [{ system, value, types }],
});
const identified = numbered(`urn:oid:${mrnRoot}`, "MRN-17", "MR");
const described: RequestedPatient = { ...requested, demographics: known };
/** The identifiers in the guide's sample for US Core. */
const sampleIdentifiers: PatientIdentifier[] = [
  { system: "SSN", value: "260686207", types: ["SB"] },
  { system: "202", value: "354219", types: ["MR"] },
];
const sample: RequestedPatient = { ...described, identifiers: sampleIdentifiers };

const anyRules: PatientRules = documentSettings.parse(undefined);

const judged = (
  targets: RecordTarget[],
  patient: RequestedPatient = requested,
  rules?: Partial<PatientRules>,
): string => {
  const { verdict, reason } = judgePatient(targets, patient, { ...anyRules, ...rules });
  return `${verdict}: ${reason}`;
};

describe("the ids of a document", () => {
  it.each<[string, string, InstanceIdentifier[], RequestedPatient?, Partial<PatientRules>?]>([
    // Proven.
    ["names the patient id", "match: patient-id", [id(ehr, "110318733539")]],
    ["names the patient id among others", "match: patient-id", [id(mrnRoot, "A-1"), id(ehr, "110318733539")]],
    [
      "names the patient id under a configured root",
      "match: patient-id",
      [id(ehr, "110318733539")],
      requested,
      { patientIdRoots: ["1.2", `urn:oid:${ehr}`] },
    ],
    [
      "names the patient id as a UUID without an extension",
      "match: patient-id",
      [id("5A7B5F0E-1F6B-4E1B-8F77-1B1B1B1B1B1B", undefined)],
      { ...requested, patientId: "5a7b5f0e-1f6b-4e1b-8f77-1b1b1b1b1b1b" },
    ],
    ["names an identifier", "match: identifier", [id(mrnRoot, "MRN-17")], identified],
    [
      "names an identifier beside an unknown id",
      "match: identifier",
      [id(ehr, "X-1"), id(mrnRoot, "MRN-17")],
      identified,
    ],
    [
      "names the social security number",
      "match: identifier",
      [id(ssn, "123-45-6789")],
      numbered("http://hl7.org/fhir/sid/us-ssn", "123-45-6789"),
    ],
    [
      "names the social security number without hyphens",
      "match: identifier",
      [id(ssn, "123456789")],
      numbered("http://hl7.org/fhir/sid/us-ssn", "123-45-6789"),
    ],
    ["names the social security number of the guide's sample", "match: identifier", [id(ssn, "260-68-6207")], sample],
    // Another patient's.
    ["names another identifier of a known kind", "mismatch: other-id", [id(mrnRoot, "MRN-18")], identified],
    [
      "names another id under a configured root",
      "mismatch: other-id",
      [id(ehr, "110318733540")],
      requested,
      { patientIdRoots: [ehr] },
    ],
    [
      "names another id under a configured root, besides the number of the guide's sample",
      "mismatch: other-id",
      [id(ehr, "354218")],
      sample,
      { patientIdRoots: [ehr] },
    ],
    // Unproven.
    ["names an unknown id", "unproven: unknown-ids", [id(ehr, "110318733540")]],
    // D3
    [
      "names the patient id under a root below the NPI's",
      "match: patient-id",
      [id("2.16.840.1.113883.4.6.1999999984", "110318733539")],
    ],
    [
      "has the patient id as a passport number",
      "unproven: unknown-ids",
      [id("2.16.840.1.113883.4.330.840", "110318733539")],
    ],
    // D2
    [
      "has the patient id as a social security number, of a patient whose number is known",
      "unproven: unknown-ids",
      [id(ssn, "110318733539")],
      numbered("http://hl7.org/fhir/sid/us-ssn", "123-45-6789"),
    ],
    ["has no id", "unproven: no-id", []],
    ["names the patient id without a root", "unproven: unknown-ids", [id(undefined, "110318733539")]],
    [
      "names the patient id under a root that is not configured",
      "unproven: unknown-ids",
      [id(mrnRoot, "110318733539")],
      requested,
      { patientIdRoots: [ehr] },
    ],
    ["has the patient id as a social security number", "unproven: unknown-ids", [id(ssn, "110318733539")]],
    [
      "has the patient id as a driver's licence",
      "unproven: unknown-ids",
      [id("2.16.840.1.113883.4.3.13", "110318733539")],
    ],
    ["names an identifier under another root", "unproven: unknown-ids", [id(ehr, "MRN-17")], identified],
    ["names the patient id with leading zeros", "unproven: unknown-ids", [id(ehr, "0110318733539")]],
    ["names a part of the patient id", "unproven: unknown-ids", [id(ehr, "110318733")]],
    ["has a root that looks like the patient id", "unproven: unknown-ids", [id("110318733539", "7")]],
    ["has a root named like a member of every object", "unproven: unknown-ids", [id("constructor", "7")], identified],
    [
      "names an empty id for an empty patient id",
      "unproven: unknown-ids",
      [id(ehr, "")],
      { ...requested, patientId: " " },
    ],
    [
      "names the masked number that the Patient has",
      "unproven: unknown-ids",
      [id(ssn, "***-**-6789")],
      numbered(ssn, "***-**-6789"),
    ],
    [
      "names the number masked by letters that the Patient has",
      "unproven: unknown-ids",
      [id(ssn, "XXX-XX-6789")],
      numbered(ssn, "XXX-XX-6789"),
    ],
    [
      "names the filler that the Patient has",
      "unproven: unknown-ids",
      [id(ssn, "999-99-9999")],
      numbered(ssn, "999-99-9999"),
    ],
    ["names the N/A that the Patient has", "unproven: unknown-ids", [id(mrnRoot, "N/A")], numbered(mrnRoot, "N/A")],
    [
      "names the patient id under any root, and another identifier of a known kind",
      "unproven: ids-contradict",
      [id(ehr, "110318733539"), id(mrnRoot, "MRN-18")],
      identified,
    ],
    [
      "names a number that families share",
      "unproven: unknown-ids",
      [id("1.2.3", "M-77")],
      numbered("1.2.3", "M-77", "MB"),
    ],
    ["names an identifier without a system", "unproven: unknown-ids", [id(ehr, "M-77")], numbered(null, "M-77")],
    ["spells a medical record number differently", "unproven: unknown-ids", [id(mrnRoot, "mrn 17")], identified],
    [
      "names the number of the guide's sample without the person",
      "unproven: unknown-ids",
      [id(ehr, "354219")],
      sample,
      { patientIdRoots: [ehr] },
    ],
    [
      "spells out a number that the Patient has masked",
      "unproven: unknown-ids",
      [id(ssn, "123-45-6789")],
      numbered(ssn, "***-**-6789"),
    ],
    [
      "masks a number that the Patient has",
      "unproven: unknown-ids",
      [id(ssn, "***-**-6789")],
      numbered(ssn, "123-45-6789"),
    ],
  ])('a document that %s is judged "%s"', (_, verdict, ids, patient, rules) => {
    expect(judged([target(ids)], patient, rules)).toBe(verdict);
  });

  it("a document with the patient id under a configured root is the patient's, even with another identifier of a known kind", () => {
    const ids = [id(ehr, "110318733539"), id(mrnRoot, "MRN-18")];
    expect(judged([target(ids)], identified, { patientIdRoots: [ehr] })).toBe("match: patient-id");
  });

  it("a document without a record target proves nothing", () => {
    expect(judged([])).toBe("unproven: no-record-target");
  });
});

const named = (family: string, given: string): RecordTarget["names"] => [{ family: [family], given: [given] }];

describe("the person in a document", () => {
  const ours = [id(ehr, "110318733539")];
  const unknown = [id(ehr, "X-1")];
  const person = (changes: Partial<RecordTarget>): RecordTarget => target(ours, { ...george, ...changes });
  it("the person alone never proves that a document is the patient's", () => {
    expect(judged([target(unknown, george)], described)).toBe("unproven: unknown-ids");
    expect(judged([target([], george)], described)).toBe("unproven: no-id");
  });

  it("a document with unknown ids and another person is another patient's", () => {
    const other = { ...george, birthTime: readHl7Time("19620116") };
    expect(judged([target(unknown, other)], described)).toBe("mismatch: other-person");
  });

  it.each<[string, Partial<RecordTarget>]>([
    ["who is the same", {}],
    ["born in the same year, with no day given", { birthTime: readHl7Time("1962") }],
    ["born within 14 hours of that day in UTC", { birthTime: readHl7Time("19620115233000-0500") }],
    ["without a date of birth", { birthTime: undefined }],
    ["with a former name", { names: named("Doe", "John") }],
    ["with a new family name", { names: named("Miller", "George") }],
    ["with only another gender", { gender: "F" }],
    ["with a gender of neither male nor female", { gender: "UN" }],
    ["with a gender named like a member of every object", { gender: "constructor" }],
    ["without a name", { names: [] }],
    ["with accents in the name", { names: named("Níchols", "Géorge") }],
    ["with a family name in two words", { names: named("Nichols-Smith", "George") }],
  ])("a document with the patient id and a person %s is the patient's", (_, changes) => {
    expect(judged([person(changes)], described)).toBe("match: patient-id");
  });

  it.each<[string, Partial<RecordTarget>]>([
    ["born on another day", { birthTime: readHl7Time("19620116") }],
    ["born in another year, with no day given", { birthTime: readHl7Time("1963") }],
    ["with quite another name and no gender", { gender: undefined, names: named("Miller", "Anna") }],
    ["with another gender and given name", { gender: "F", names: named("Nichols", "Anna") }],
    ["with another gender and family name", { gender: "F", names: named("Miller", "George") }],
  ])("a person %s contradicts the patient id", (_, changes) => {
    expect(judged([person(changes)], described)).toBe("unproven: person-contradicts-id");
  });

  // D12
  it("a person with quite another name does not contradict a proven id, if the day of birth and the gender are the same", () => {
    const renamed = person({ names: named("Miller", "Anna") });
    expect(judged([renamed], described)).toBe("match: patient-id");
    expect(judged([{ ...renamed, birthTime: readHl7Time("1962") }], described)).toBe("unproven: person-contradicts-id");
    const unknownGender = { ...known, gender: null };
    expect(judged([renamed], { ...described, demographics: unknownGender })).toBe("unproven: person-contradicts-id");
    const ids = [...ours, id(mrnRoot, "MRN-18")];
    expect(judged([{ ...renamed, ids }], { ...identified, demographics: known })).toBe(
      "unproven: person-contradicts-id",
    );
    expect(judged([{ ...renamed, ids: unknown }], described)).toBe("mismatch: other-person");
  });

  // D2
  it("the patient id under the root of other numbers proves the patient together with the day of birth and a name", () => {
    const under = (changes: Partial<RecordTarget>, root = ssn): RecordTarget =>
      target([id(root, "110318733539")], { ...george, ...changes });
    for (const root of [ssn, "2.16.840.1.113883.4.3.13", "2.16.840.1.113883.4.6"])
      expect(judged([under({}, root)], described)).toBe("match: patient-id-and-person");
    // If the roots of the server are known, another clinic's root is none of them, and a government's root is no clinic's.
    expect(judged([under({})], described, { patientIdRoots: [ehr] })).toBe("match: patient-id-and-person");
    expect(judged([under({}, mrnRoot)], described, { patientIdRoots: [ehr] })).toBe("unproven: unknown-ids");
    expect(judged([under({ names: named("Miller", "George") })], described)).toBe("match: patient-id-and-person");
    for (const changes of [
      { names: [] },
      { names: named("N", "G") },
      { birthTime: undefined },
      { birthTime: readHl7Time("1962") },
    ])
      expect(judged([under(changes)], described)).toBe("unproven: unknown-ids");
    expect(judged([under({ names: named("Miller", "Anna") })], described)).toBe("mismatch: other-person");
    expect(judged([under({ birthTime: readHl7Time("19620116") })], described)).toBe("mismatch: other-person");
    expect(judged([target([id(ssn, "110318733540")], george)], described)).toBe("unproven: unknown-ids");
    // A twin's own id under the root of the server.
    const twin = { ...under({}), ids: [id(ssn, "110318733539"), id(ehr, "110318733540")] };
    expect(judged([twin], described, { patientIdRoots: [ehr] })).toBe("mismatch: other-id");
  });

  // D8
  it("a date of birth that cannot be read leaves a document unproven, if the Patient's is known", () => {
    const unreadable = person({ birthTime: undefined, isBirthTimeUnreadable: true });
    expect(judged([unreadable], described)).toBe("unproven: birth-date-unreadable");
    expect(judged([unreadable], described, { patientIdRoots: [ehr] })).toBe("unproven: birth-date-unreadable");
    expect(judged([unreadable], requested)).toBe("match: patient-id");
    expect(judged([{ ...unreadable, names: named("Miller", "Anna") }], described)).toBe(
      "unproven: person-contradicts-id",
    );
  });

  it("the date of birth must be the same if a second factor is required", () => {
    const required: Partial<PatientRules> = { secondFactor: "required" };
    expect(judged([person({})], described, required)).toBe("match: patient-id");
    expect(judged([person({})], requested, required)).toBe("unproven: second-factor-missing");
    expect(judged([person({ birthTime: undefined })], described, required)).toBe("unproven: second-factor-missing");
    expect(judged([person({ birthTime: readHl7Time("196201") })], described, required)).toBe(
      "unproven: second-factor-missing",
    );
    expect(judged([target(unknown, george)], described, required)).toBe("unproven: unknown-ids");
  });
});

const byNumber = (changes: Partial<RecordTarget> = {}, under = ehr): RecordTarget =>
  target([id(under, "354219")], { ...george, ...changes });

describe("a medical record number without a known root, as in the guide's sample", () => {
  it("a medical record number without a known root proves the patient only together with the person", () => {
    expect(judged([byNumber()], sample)).toBe("match: number-and-person");
    expect(judged([byNumber({ names: [] })], sample)).toBe("unproven: unknown-ids");
    expect(judged([byNumber({ names: named("Nichols", "Anna") })], sample)).toBe("unproven: unknown-ids");
    expect(judged([byNumber({ gender: "F" })], sample)).toBe("unproven: unknown-ids");
    expect(judged([byNumber({ birthTime: readHl7Time("1962") })], sample)).toBe("unproven: unknown-ids");
    expect(judged([byNumber({ birthTime: readHl7Time("19620116") })], sample)).toBe("mismatch: other-person");
  });

  it("a number of another type, or of an identifier with a root, does not prove the patient together with the person", () => {
    const identifiers = sampleIdentifiers.map((one) => ({ ...one, types: ["PI"] }));
    expect(judged([byNumber()], { ...sample, identifiers })).toBe("unproven: unknown-ids");
    const rooted = sampleIdentifiers.map((one) => ({ ...one, system: `urn:oid:${mrnRoot}` }));
    expect(judged([byNumber()], { ...sample, identifiers: rooted })).toBe("unproven: unknown-ids");
  });

  it("a medical record number without a known root counts under configured roots only, and never under a government's root", () => {
    expect(judged([byNumber()], sample, { patientIdRoots: [ehr] })).toBe("match: number-and-person");
    expect(judged([byNumber({}, mrnRoot)], sample, { patientIdRoots: [ehr] })).toBe("unproven: unknown-ids");
    expect(judged([byNumber({}, "2.16.840.1.113883.4.3.13")], sample)).toBe("unproven: unknown-ids");
  });

  it("a document may have the patient id and a medical record number without a known root", () => {
    const ids = [id(ehr, "110318733539"), id(ehr, "354219")];
    expect(judged([target(ids)], sample)).toBe("match: patient-id");
    expect(judged([target(ids)], sample, { patientIdRoots: [ehr] })).toBe("match: patient-id");
  });
});

describe("several record targets", () => {
  const ours = target([id(ehr, "110318733539")]);
  const unknown = target([id(ehr, "X-1")]);
  const other = target([id(mrnRoot, "MRN-18")]);

  it.each([
    ["names the patient twice", "match: patient-id", [ours, ours]],
    ["names the patient and another one", "mismatch: several-patients", [ours, other]],
    ["names the patient and an unknown person", "unproven: several-patients", [unknown, ours]],
    ["names an unknown person and another patient", "mismatch: other-id", [unknown, other]],
    ["names two unknown persons", "unproven: unknown-ids", [unknown, unknown]],
  ])('a document that %s is judged "%s"', (_, verdict, targets) => {
    expect(judged(targets, identified)).toBe(verdict);
  });
});

const contradicts = ({ birthTime, gender, names }: RecordTarget): boolean =>
  (birthTime !== undefined && !"1962-01-15".startsWith(birthTime.iso)) ||
  (gender === "F" && names[0]?.family[0] === "Miller");

describe("any document", () => {
  const root = fc.constantFrom(ehr, mrnRoot, ssn, "1.2.3", undefined);
  const extension = fc.constantFrom("110318733539", "MRN-17", "MRN-18", "N/A", "", undefined);
  const anyTarget = fc
    .record({
      ids: fc.array(
        fc.tuple(root, extension).map(([one, other]) => id(one, other)),
        { maxLength: 4 },
      ),
      birthTime: fc.constantFrom(undefined, readHl7Time("19620115"), readHl7Time("1962"), readHl7Time("19700101")),
      gender: fc.constantFrom(undefined, "M", "F"),
      family: fc.constantFrom("Nichols", "Miller"),
    })
    .map(({ ids, birthTime, gender, family }) =>
      target(ids, { birthTime, gender, names: [{ family: [family], given: [] }] }),
    );
  const patient: RequestedPatient = { ...identified, demographics: known };

  /** An identifier with its own root proves the patient. The patient id under any root does not, if another number contradicts it and the day of birth is unknown. */
  const provesIt = ({ ids, birthTime, names }: RecordTarget): boolean => {
    const under = (wanted: string): (string | undefined)[] =>
      ids.filter((one) => one.root === wanted).map((one) => one.extension);
    if (under(mrnRoot).includes("MRN-17")) return true;
    const hasAnother = under(mrnRoot).some((value) => value === "MRN-18" || value === "110318733539");
    const hasPatientId = ids.filter((one) => one.extension === "110318733539" && one.root !== undefined);
    const isBornThatDay = birthTime?.iso === "1962-01-15";
    // D2: under the root of social security numbers, the day of birth and a name are needed.
    const isPerson = isBornThatDay && names[0]?.family[0] === "Nichols";
    if (isPerson && hasPatientId.length > 0 && !hasAnother) return true;
    return hasPatientId.some((one) => one.root !== ssn) && (!hasAnother || isBornThatDay);
  };

  it("a document is the patient's only if each record target proves it and none contradicts it", () => {
    fc.assert(
      fc.property(fc.array(anyTarget, { maxLength: 3 }), (targets) => {
        const proven = targets.length > 0 && targets.every((one) => provesIt(one) && !contradicts(one));
        expect(judgePatient(targets, patient, anyRules).verdict === "match").toBe(proven);
      }),
      { numRuns: 2_000 },
    );
  });

  it("a document is not the patient's by any id that the patient does not have", () => {
    const unknownText = fc.string().filter((text) => !["110318733539", "MRN-17"].includes(text.trim()));
    fc.assert(
      fc.property(root, unknownText, (under, text) => {
        expect(judgePatient([target([id(under, text)], george)], patient, anyRules).verdict).not.toBe("match");
      }),
    );
  });

  it("a document is judged the same in any order of its ids and record targets", () => {
    fc.assert(
      fc.property(fc.array(anyTarget, { maxLength: 3 }), (targets) => {
        const turned = targets.map((one) => ({ ...one, ids: one.ids.toReversed() })).toReversed();
        expect(judgePatient(turned, patient, anyRules).verdict).toBe(judgePatient(targets, patient, anyRules).verdict);
      }),
    );
  });

  it("a verdict says nothing about the patient", () => {
    const planted = "PLANTED-1";
    const targets = [target([id(ehr, planted)], { names: [{ family: [planted], given: [planted] }] })];
    expect(JSON.stringify(judgePatient(targets, { ...described, patientId: planted }, anyRules))).not.toContain(
      planted,
    );
  });
});
