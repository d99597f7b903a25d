import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { InstanceIdentifier, RecordTarget } from "#ccd-retrieval/documents/clinical-document.ts";
import { readHl7Time } from "#ccd-retrieval/documents/hl7-time.ts";
import { rightPatient } from "#ccd-retrieval/documents/right-patient.ts";
import { documentSettings, type PatientRules } from "#ccd-retrieval/language/document-settings.ts";
import {
  type AskedPatient,
  type Demographics,
  nothingKnown,
  type PatientIdentifier,
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

const asked: AskedPatient = { ...nothingKnown, patientId: "110318733539" };
const numbered = (system: string | null, value: string, ...types: string[]): AskedPatient => ({
  ...asked,
  identifiers: [{ system, value, types }],
});
const identified = numbered(`urn:oid:${mrnRoot}`, "MRN-17", "MR");
const described: AskedPatient = { ...asked, demographics: known };
/** What the guide's sample for US Core says of its patient. */
const sampleIdentifiers: PatientIdentifier[] = [
  { system: "SSN", value: "260686207", types: ["SB"] },
  { system: "202", value: "354219", types: ["MR"] },
];
const sample: AskedPatient = { ...described, identifiers: sampleIdentifiers };

const anyRules: PatientRules = documentSettings.parse(undefined);

const judged = (targets: RecordTarget[], patient: AskedPatient = asked, rules?: Partial<PatientRules>): string => {
  const { verdict, reason } = rightPatient(targets, patient, { ...anyRules, ...rules });
  return `${verdict}: ${reason}`;
};

describe("by its ids, a document", () => {
  it.each<[string, string, InstanceIdentifier[], AskedPatient?, Partial<PatientRules>?]>([
    // The patient's.
    ["names the patient id", "match: patient-id", [id(ehr, "110318733539")]],
    ["names it among others", "match: patient-id", [id(mrnRoot, "A-1"), id(ehr, "110318733539")]],
    [
      "names it under the root that must be",
      "match: patient-id",
      [id(ehr, "110318733539")],
      asked,
      { patientIdRoots: ["1.2", `urn:oid:${ehr}`] },
    ],
    [
      "names it by a UUID alone",
      "match: patient-id",
      [id("5A7B5F0E-1F6B-4E1B-8F77-1B1B1B1B1B1B", undefined)],
      { ...asked, patientId: "5a7b5f0e-1f6b-4e1b-8f77-1b1b1b1b1b1b" },
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
      "writes that number without hyphens",
      "match: identifier",
      [id(ssn, "123456789")],
      numbered("http://hl7.org/fhir/sid/us-ssn", "123-45-6789"),
    ],
    ["names the social security number of the guide's sample", "match: identifier", [id(ssn, "260-68-6207")], sample],
    // Somebody else's.
    ["names another of a kind that is known", "mismatch: other-id", [id(mrnRoot, "MRN-18")], identified],
    [
      "names another under the root that must be",
      "mismatch: other-id",
      [id(ehr, "110318733540")],
      asked,
      { patientIdRoots: [ehr] },
    ],
    [
      "names another under the root that must be, beside the number of the guide's sample",
      "mismatch: other-id",
      [id(ehr, "354218")],
      sample,
      { patientIdRoots: [ehr] },
    ],
    // Nobody's, as far as can be seen.
    ["names an unknown id", "unproven: unknown-ids", [id(ehr, "110318733540")]],
    ["names none", "unproven: no-id", []],
    ["names the patient id under no root", "unproven: unknown-ids", [id(undefined, "110318733539")]],
    [
      "names the patient id under another root than must be",
      "unproven: unknown-ids",
      [id(mrnRoot, "110318733539")],
      asked,
      { patientIdRoots: [ehr] },
    ],
    ["has the patient id for a social security number", "unproven: unknown-ids", [id(ssn, "110318733539")]],
    [
      "has the patient id for a driver's licence",
      "unproven: unknown-ids",
      [id("2.16.840.1.113883.4.3.13", "110318733539")],
    ],
    ["names an identifier under another root", "unproven: unknown-ids", [id(ehr, "MRN-17")], identified],
    ["names the patient id with zeros ahead", "unproven: unknown-ids", [id(ehr, "0110318733539")]],
    ["names a part of the patient id", "unproven: unknown-ids", [id(ehr, "110318733")]],
    ["has a root that looks like the patient id", "unproven: unknown-ids", [id("110318733539", "7")]],
    ["has a root that objects have for a member", "unproven: unknown-ids", [id("constructor", "7")], identified],
    ["names an empty id, as was asked", "unproven: unknown-ids", [id(ehr, "")], { ...asked, patientId: " " }],
    [
      "names a masked number, as is known",
      "unproven: unknown-ids",
      [id(ssn, "***-**-6789")],
      numbered(ssn, "***-**-6789"),
    ],
    [
      "names a number masked by letters, as is known",
      "unproven: unknown-ids",
      [id(ssn, "XXX-XX-6789")],
      numbered(ssn, "XXX-XX-6789"),
    ],
    ["names a filler, as is known", "unproven: unknown-ids", [id(ssn, "999-99-9999")], numbered(ssn, "999-99-9999")],
    ["names nothing, as is known", "unproven: unknown-ids", [id(mrnRoot, "N/A")], numbered(mrnRoot, "N/A")],
    [
      "names the patient id under any root, and another of a kind that is known",
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
    [
      "names an identifier of which no system is known",
      "unproven: unknown-ids",
      [id(ehr, "M-77")],
      numbered(null, "M-77"),
    ],
    ["spells a record number otherwise", "unproven: unknown-ids", [id(mrnRoot, "mrn 17")], identified],
    [
      "names a number of the guide's sample, and no person",
      "unproven: unknown-ids",
      [id(ehr, "354219")],
      sample,
      { patientIdRoots: [ehr] },
    ],
    [
      "spells out a number that is known masked",
      "unproven: unknown-ids",
      [id(ssn, "123-45-6789")],
      numbered(ssn, "***-**-6789"),
    ],
    ["masks a number that is known", "unproven: unknown-ids", [id(ssn, "***-**-6789")], numbered(ssn, "123-45-6789")],
  ])("that %s: %s", (_, verdict, ids, patient, rules) => {
    expect(judged([target(ids)], patient, rules)).toBe(verdict);
  });

  it("that names the patient id and another of a known kind is the patient's under the root that must be", () => {
    const ids = [id(ehr, "110318733539"), id(mrnRoot, "MRN-18")];
    expect(judged([target(ids)], identified, { patientIdRoots: [ehr] })).toBe("match: patient-id");
  });

  it("that names nobody at all proves nothing", () => {
    expect(judged([])).toBe("unproven: no-record-target");
  });
});

const named = (family: string, given: string): RecordTarget["names"] => [{ family: [family], given: [given] }];

describe("by its person, a document", () => {
  const ours = [id(ehr, "110318733539")];
  const unknown = [id(ehr, "X-1")];
  const person = (changes: Partial<RecordTarget>): RecordTarget => target(ours, { ...george, ...changes });
  it("is never proven to be the patient's", () => {
    expect(judged([target(unknown, george)], described)).toBe("unproven: unknown-ids");
    expect(judged([target([], george)], described)).toBe("unproven: no-id");
  });

  it("of another person is somebody else's, even where its ids are unknown", () => {
    const other = { ...george, birthTime: readHl7Time("19620116") };
    expect(judged([target(unknown, other)], described)).toBe("mismatch: other-person");
  });

  it.each<[string, Partial<RecordTarget>]>([
    ["as it is known", {}],
    ["born in that year, as far as it says", { birthTime: readHl7Time("1962") }],
    ["born at an hour of that day, in whatever zone", { birthTime: readHl7Time("19620115233000-0500") }],
    ["of unknown birth", { birthTime: undefined }],
    ["by a former name", { names: named("Doe", "John") }],
    ["by a new family name", { names: named("Miller", "George") }],
    ["of another gender alone", { gender: "F" }],
    ["of a gender that is neither", { gender: "UN" }],
    ["of a gender that objects have for a member", { gender: "constructor" }],
    ["without a name", { names: [] }],
    ["by a name with accents", { names: named("Níchols", "Géorge") }],
    ["by a name in two words", { names: named("Nichols-Smith", "George") }],
  ])("of the patient, %s, is the patient's", (_, changes) => {
    expect(judged([person(changes)], described)).toBe("match: patient-id");
  });

  it.each<[string, Partial<RecordTarget>]>([
    ["born on another day", { birthTime: readHl7Time("19620116") }],
    ["born in another year, as far as it says", { birthTime: readHl7Time("1963") }],
    ["of another name altogether", { names: named("Miller", "Anna") }],
    ["of another gender and given name", { gender: "F", names: named("Nichols", "Anna") }],
    ["of another gender and family name", { gender: "F", names: named("Miller", "George") }],
  ])("contradicts its id where the person is %s", (_, changes) => {
    expect(judged([person(changes)], described)).toBe("unproven: person-contradicts-id");
  });

  it("must be the same where a second factor is required", () => {
    const required: Partial<PatientRules> = { secondFactor: "required" };
    expect(judged([person({})], described, required)).toBe("match: patient-id");
    expect(judged([person({})], asked, required)).toBe("unproven: second-factor-missing");
    expect(judged([person({ birthTime: undefined })], described, required)).toBe("unproven: second-factor-missing");
    expect(judged([person({ birthTime: readHl7Time("196201") })], described, required)).toBe(
      "unproven: second-factor-missing",
    );
    expect(judged([target(unknown, george)], described, required)).toBe("unproven: unknown-ids");
  });
});

const byNumber = (changes: Partial<RecordTarget> = {}, under = ehr): RecordTarget =>
  target([id(under, "354219")], { ...george, ...changes });

describe("by a record number of which no root is known, as in the guide's sample, a document", () => {
  it("is the patient's together with the person only", () => {
    expect(judged([byNumber()], sample)).toBe("match: number-and-person");
    expect(judged([byNumber({ names: [] })], sample)).toBe("unproven: unknown-ids");
    expect(judged([byNumber({ names: named("Nichols", "Anna") })], sample)).toBe("unproven: unknown-ids");
    expect(judged([byNumber({ gender: "F" })], sample)).toBe("unproven: unknown-ids");
    expect(judged([byNumber({ birthTime: readHl7Time("1962") })], sample)).toBe("unproven: unknown-ids");
    expect(judged([byNumber({ birthTime: readHl7Time("19620116") })], sample)).toBe("mismatch: other-person");
  });

  it("is not the patient's by a number of another type, or where a root is known", () => {
    const identifiers = sampleIdentifiers.map((one) => ({ ...one, types: ["PI"] }));
    expect(judged([byNumber()], { ...sample, identifiers })).toBe("unproven: unknown-ids");
    const rooted = sampleIdentifiers.map((one) => ({ ...one, system: `urn:oid:${mrnRoot}` }));
    expect(judged([byNumber()], { ...sample, identifiers: rooted })).toBe("unproven: unknown-ids");
  });

  it("is the patient's under the roots that must be only, and under no root of the state's numbers", () => {
    expect(judged([byNumber()], sample, { patientIdRoots: [ehr] })).toBe("match: number-and-person");
    expect(judged([byNumber({}, mrnRoot)], sample, { patientIdRoots: [ehr] })).toBe("unproven: unknown-ids");
    expect(judged([byNumber({}, "2.16.840.1.113883.4.3.13")], sample)).toBe("unproven: unknown-ids");
  });

  it("may have the patient id as well", () => {
    const ids = [id(ehr, "110318733539"), id(ehr, "354219")];
    expect(judged([target(ids)], sample)).toBe("match: patient-id");
    expect(judged([target(ids)], sample, { patientIdRoots: [ehr] })).toBe("match: patient-id");
  });
});

describe("a document of several record targets", () => {
  const ours = target([id(ehr, "110318733539")]);
  const unknown = target([id(ehr, "X-1")]);
  const other = target([id(mrnRoot, "MRN-18")]);

  it.each([
    ["names the patient twice", "match: patient-id", [ours, ours]],
    ["names somebody else as well", "mismatch: several-patients", [ours, other]],
    ["names somebody unknown as well", "unproven: several-patients", [unknown, ours]],
    ["names two who are somebody else", "mismatch: other-id", [unknown, other]],
    ["names two who are unknown", "unproven: unknown-ids", [unknown, unknown]],
  ])("that %s: %s", (_, verdict, targets) => {
    expect(judged(targets, identified)).toBe(verdict);
  });
});

const contradicts = ({ birthTime, gender, names }: RecordTarget): boolean =>
  (birthTime !== undefined && !"1962-01-15".startsWith(birthTime.iso)) ||
  (gender === "F" && names[0]?.family[0] === "Miller");

describe("whatever a document says, it", () => {
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
  const patient: AskedPatient = { ...identified, demographics: known };

  /** A root of its own proves by itself; a number under any root does not against another number, unless born then. */
  const provesIt = ({ ids, birthTime }: RecordTarget): boolean => {
    const under = (wanted: string): (string | undefined)[] =>
      ids.filter((one) => one.root === wanted).map((one) => one.extension);
    if (under(mrnRoot).includes("MRN-17")) return true;
    const another = under(mrnRoot).some((value) => value === "MRN-18" || value === "110318733539");
    const namesIt = ids.some((one) => one.extension === "110318733539" && one.root !== undefined && one.root !== ssn);
    return namesIt && (!another || birthTime?.iso === "1962-01-15");
  };

  it("is the patient's where each record target proves it and none contradicts, and only there", () => {
    fc.assert(
      fc.property(fc.array(anyTarget, { maxLength: 3 }), (targets) => {
        const proven = targets.length > 0 && targets.every((one) => provesIt(one) && !contradicts(one));
        expect(rightPatient(targets, patient, anyRules).verdict === "match").toBe(proven);
      }),
      { numRuns: 2_000 },
    );
  });

  it("is not the patient's by any other text than the known ones", () => {
    const foreign = fc.string().filter((text) => !["110318733539", "MRN-17"].includes(text.trim()));
    fc.assert(
      fc.property(root, foreign, (under, text) => {
        expect(rightPatient([target([id(under, text)], george)], patient, anyRules).verdict).not.toBe("match");
      }),
    );
  });

  it("is judged the same in any order of its ids and record targets", () => {
    fc.assert(
      fc.property(fc.array(anyTarget, { maxLength: 3 }), (targets) => {
        const turned = targets.map((one) => ({ ...one, ids: one.ids.toReversed() })).toReversed();
        expect(rightPatient(turned, patient, anyRules).verdict).toBe(rightPatient(targets, patient, anyRules).verdict);
      }),
    );
  });

  it("is judged without a word about the patient", () => {
    const planted = "PLANTED-1";
    const targets = [target([id(ehr, planted)], { names: [{ family: [planted], given: [planted] }] })];
    expect(JSON.stringify(rightPatient(targets, { ...described, patientId: planted }, anyRules))).not.toContain(
      planted,
    );
  });
});
