import { periodOf, textOf, timeOf } from "#ccd-retrieval/documents/c-cda/hl7-values.ts";
import { allInside, firstInside, type OutlineElement, type Shape } from "#ccd-retrieval/documents/xml/outline.ts";
import { nullWords } from "./null-flavors.ts";

/*
 * The head of a document, as a page shows it. Source: C-CDA R2.1, US Realm Header.
 */

const name: Shape = {
  text: true,
  inside: { prefix: { text: true }, given: { text: true }, family: { text: true }, suffix: { text: true } },
};
const named: Shape = { inside: { name } };

/** The parts of a document's head that a page shows. */
export const headShape: Shape = {
  inside: {
    title: { text: true },
    code: {},
    effectiveTime: {},
    languageCode: {},
    recordTarget: {
      inside: {
        patientRole: { inside: { id: {}, patient: { inside: { name, birthTime: {}, administrativeGenderCode: {} } } } },
      },
    },
    author: {
      inside: {
        time: {},
        assignedAuthor: {
          inside: {
            assignedPerson: named,
            assignedAuthoringDevice: {
              inside: { softwareName: { text: true }, manufacturerModelName: { text: true } },
            },
            representedOrganization: named,
          },
        },
      },
    },
    custodian: { inside: { assignedCustodian: { inside: { representedCustodianOrganization: named } } } },
    componentOf: {
      inside: {
        encompassingEncounter: {
          inside: {
            id: {},
            code: {},
            effectiveTime: { inside: { low: {}, high: {} } },
            location: { inside: { healthCareFacility: { inside: { location: named } } } },
          },
        },
      },
    },
  },
};

/** One line of the head: what it is, and its values. */
export interface HeadFact {
  label: string;
  values: string[];
}

/** What a page says before the sections. */
export interface DocumentHead {
  title: string;
  /** The language of the narratives, as BCP 47 writes it; undefined if the document names none. */
  language: string | undefined;
  facts: HeadFact[];
}

/** Reads the head of a document from its outline. What is missing is not listed; what is null is listed with the reason. */
export function documentHead(root: OutlineElement): DocumentHead {
  const language = firstInside(root, "languageCode")?.attributes.get("code")?.trim() ?? "";
  const facts = [
    ...allInside(root, "recordTarget").flatMap((target) => allInside(target, "patientRole").flatMap(patientFacts)),
    ...below(root, "componentOf", "encompassingEncounter").flatMap(encounterFacts),
    { label: "Date of the document", values: times(firstInside(root, "effectiveTime")) },
    ...allInside(root, "author").map((author) => ({ label: "Author", values: authorWords(author) })),
    {
      label: "Kept by",
      values: below(root, "custodian", "assignedCustodian", "representedCustodianOrganization", "name").flatMap(
        nameWords,
      ),
    },
  ];
  return {
    title: textOf(firstInside(root, "title")) ?? codeWords(firstInside(root, "code"))[0] ?? "Clinical document",
    language: /^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$/.test(language) ? language : undefined,
    facts: facts.filter(({ values }) => values.length > 0),
  };
}

function patientFacts(role: OutlineElement): HeadFact[] {
  const persons = allInside(role, "patient");
  const every = (part: string, words: (element: OutlineElement) => string[]): string[] =>
    persons.flatMap((person) => allInside(person, part).flatMap(words));
  return [
    { label: "Patient", values: every("name", nameWords) },
    { label: "Date of birth", values: every("birthTime", times) },
    { label: "Sex or gender", values: every("administrativeGenderCode", codeWords) },
    { label: "Ids of the patient", values: allInside(role, "id").flatMap(idWords) },
  ];
}

function encounterFacts(encounter: OutlineElement): HeadFact[] {
  const { start, end } = periodOf(firstInside(encounter, "effectiveTime"));
  const moments = [...new Set([start, end].flatMap((time) => (time ? [spaced(time.iso)] : [])))];
  return [
    { label: "Encounter", values: allInside(encounter, "code").flatMap(codeWords) },
    { label: "Ids of the encounter", values: allInside(encounter, "id").flatMap(idWords) },
    { label: "Time of the encounter", values: moments.length > 0 ? [moments.join(" to ")] : [] },
    {
      label: "Place",
      values: below(encounter, "location", "healthCareFacility", "location", "name").flatMap(nameWords),
    },
  ];
}

function authorWords(author: OutlineElement): string[] {
  const assigned = allInside(author, "assignedAuthor");
  const words = assigned.flatMap((one) => [
    ...below(one, "assignedPerson", "name").flatMap(nameWords),
    ...below(one, "assignedAuthoringDevice", "softwareName").flatMap((device) => textOf(device) ?? []),
    ...below(one, "assignedAuthoringDevice", "manufacturerModelName").flatMap((device) => textOf(device) ?? []),
    ...below(one, "representedOrganization", "name").flatMap(nameWords),
  ]);
  return [...words, ...times(firstInside(author, "time"))];
}

/** The elements at the end of a path. */
function below(element: OutlineElement, ...path: string[]): OutlineElement[] {
  let found = [element];
  for (const part of path) found = found.flatMap((one) => allInside(one, part));
  return found;
}

function nameWords(element: OutlineElement): string[] {
  const parts = element.inside.flatMap((part) => textOf(part) ?? []);
  const whole = [textOf(element), ...parts].filter(Boolean).join(" ");
  return whole === "" ? nullWords(element.attributes) : [whole];
}

function codeWords(element: OutlineElement | undefined): string[] {
  if (element === undefined) return [];
  const word = element.attributes.get("displayName")?.trim() || genderWords(element.attributes.get("code")?.trim());
  return word ? [word] : nullWords(element.attributes);
}

const genders: Readonly<Record<string, string>> = { M: "Male", F: "Female", UN: "Undifferentiated" };

function genderWords(code: string | undefined): string | undefined {
  return code !== undefined && Object.hasOwn(genders, code) ? genders[code] : code;
}

function idWords(element: OutlineElement): string[] {
  const { attributes } = element;
  const [root, extension] = [attributes.get("root")?.trim(), attributes.get("extension")?.trim()];
  if (extension) return [root ? `${extension} (${root})` : extension];
  return root ? [root] : nullWords(element.attributes);
}

function times(element: OutlineElement | undefined): string[] {
  if (element === undefined) return [];
  const written = element.attributes.get("value")?.trim();
  const iso = timeOf(element)?.iso;
  if (iso !== undefined) return [spaced(iso)];
  return written ? [written] : nullWords(element.attributes);
}

const spaced = (iso: string): string => iso.replace("T", " ");
