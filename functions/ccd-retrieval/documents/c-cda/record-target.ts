import { allInside, firstInside, type OutlineElement, type Shape } from "#ccd-retrieval/documents/xml/outline.ts";
import type { Hl7Time } from "./hl7-time.ts";
import { attributeOf, type InstanceIdentifier, identifiersOf, isNull, textOf, timeOf } from "./hl7-values.ts";

/** The patient that a document names. It is only compared: it must never be logged or stored. */
export interface RecordTarget {
  ids: InstanceIdentifier[];
  names: { family: string[]; given: string[] }[];
  birthTime: Hl7Time | undefined;
  /** Whether there is a date of birth that the bridge cannot read. It may be another person's. */
  isBirthTimeUnreadable?: boolean;
  /** HL7 AdministrativeGender: `M`, `F` or `UN`. */
  gender: string | undefined;
}

const name: Shape = { inside: { family: { text: true }, given: { text: true } } };
const patient: Shape = { inside: { name, birthTime: {}, administrativeGenderCode: {} } };

/** The parts of a `recordTarget` that are read. */
export const recordTargetShape: Shape = { inside: { patientRole: { inside: { id: {}, patient } } } };

/**
 * Reads the patients of a `recordTarget`. The standard allows one. If it has more roles or persons, each is a target of its own,
 * and all of them must be the right patient.
 *
 * Source: HL7 CDA R2, recordTarget; C-CDA R2.1, US Realm Header.
 */
export function readRecordTargets(target: OutlineElement): RecordTarget[] {
  const roles = allInside(target, "patientRole");
  if (roles.length === 0) return [readPerson([], undefined)];
  return roles.flatMap((role) => {
    const ids = identifiersOf(allInside(role, "id"));
    const persons = allInside(role, "patient");
    return persons.length === 0 ? [readPerson(ids, undefined)] : persons.map((person) => readPerson(ids, person));
  });
}

function readPerson(ids: InstanceIdentifier[], person: OutlineElement | undefined): RecordTarget {
  const birth = firstInside(person, "birthTime");
  const birthTime = timeOf(birth);
  const hasBirthTime = birth !== undefined && !isNull(birth) && attributeOf(birth, "value") !== undefined;
  return {
    ids,
    names: allInside(person, "name").map((one) => ({
      family: readTexts(allInside(one, "family")),
      given: readTexts(allInside(one, "given")),
    })),
    birthTime,
    ...(hasBirthTime && birthTime === undefined && { isBirthTimeUnreadable: true }),
    gender: attributeOf(firstInside(person, "administrativeGenderCode"), "code"),
  };
}

function readTexts(elements: OutlineElement[]): string[] {
  return elements.map(textOf).filter((text) => text !== undefined);
}
