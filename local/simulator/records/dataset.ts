import { AGE_GROUPS } from "#local/simulator/records/age-groups.ts";
import { addClinicalResources } from "#local/simulator/records/clinical-resources.ts";
import { addPatient } from "#local/simulator/records/patients.ts";
import { ResourceBook, type StoredResource } from "#local/simulator/records/resource-book.ts";
import { type ExportLevel, RESOURCE_TYPES, type ResourceType } from "#local/simulator/records/resource-types.ts";
import { seededRandom } from "#local/simulator/records/seeded-random.ts";
import { addSupportingResources } from "#local/simulator/records/supporting-resources.ts";

/** One file of an export. Each access to `body` makes the same bytes again. */
export interface ExportFile {
  readonly type: string;
  readonly fileName: string;
  readonly lines: number;
  readonly body: Buffer;
}

/** Which resources an export holds. */
export interface DatasetSelection {
  readonly level: ExportLevel;
  /** Needed at group level only. */
  readonly groupId?: string | undefined;
  /** Every supported type when absent. */
  readonly types?: readonly ResourceType[] | undefined;
  /** FHIR instant: only resources updated after it. */
  readonly since?: string | undefined;
  /** FHIR instant: only resources updated up to and including it. */
  readonly transactionTime?: string | undefined;
}

/** The synthetic data and the files that an export of it consists of. */
export interface Dataset {
  /** The resources of a whole export in the order in which they were made. Empty if the files are synthetic. */
  readonly resources: readonly StoredResource[];
  /** The files of an export in the order of the manifest. A type without a resource has no file. */
  readonly files: (selection: DatasetSelection) => ExportFile[];
}

/** Many small files of observations, made on demand for tests of scale. */
export interface SyntheticFiles {
  readonly count: number;
  readonly linesPerFile: number;
}

const REFERENCE_IN_LINE = /"reference":"((?:Location|Medication|Organization|Practitioner|PractitionerRole)\/[0-9]+)"/g;

/**
 * Generates `patients` patients with everything that belongs to them. The same seed gives the same bytes.
 * Files follow the guide's "Bulk Export > Overview": one type per file, a new one after `maxLinesPerFile` lines.
 */
export function generateDataset(seed: number, patients: number, maxLinesPerFile: number): Dataset {
  const random = seededRandom(seed);
  const book = new ResourceBook(random);
  const supporting = addSupportingResources(book, random);
  for (let number = 0; number < patients; number += 1) {
    const group = AGE_GROUPS[number % AGE_GROUPS.length];
    if (group === undefined) continue;
    const patient = addPatient(book, random, group, supporting);
    addClinicalResources(book, random, group.id, patient, supporting);
  }
  const { resources } = book;
  return {
    resources,
    files: (selection) => filesOf(selectResources(resources, selection), selection, maxLinesPerFile),
  };
}

/** A dataset of `count` files that uses no memory. It ignores the selection. */
export function syntheticDataset({ count, linesPerFile }: SyntheticFiles): Dataset {
  const files = Array.from({ length: count }, (_, index) => ({
    type: "Observation",
    fileName: `observation_file_${index + 1}.ndjson`,
    lines: linesPerFile,
    get body() {
      return Buffer.from(
        Array.from({ length: linesPerFile }, (__, line) => syntheticLine(index + 1, line + 1)).join(""),
      );
    },
  }));
  return { resources: [], files: () => files };
}

function syntheticLine(file: number, line: number): string {
  return (
    `{"resourceType":"Observation","id":"${file}-${line}","status":"final",` +
    `"code":{"text":"é 日本"},"subject":{"reference":"Patient/1"},"valueQuantity":{"value":${line}.50}}\n`
  );
}

function selectResources(resources: readonly StoredResource[], selection: DatasetSelection): StoredResource[] {
  if (selection.level === "System") return [...resources];
  const inCompartments = resources.filter(
    ({ ageGroupId }) => ageGroupId !== null && (selection.level === "Patient" || ageGroupId === selection.groupId),
  );
  const referenced = referencedFrom(inCompartments, resources);
  const chosen = new Set(inCompartments);
  return resources.filter((resource) => chosen.has(resource) || referenced.has(resource.reference));
}

/** References to the supporting resources that the given resources need, directly or through others. */
function referencedFrom(resources: readonly StoredResource[], all: readonly StoredResource[]): Set<string> {
  const supporting = new Map(all.filter(({ ageGroupId }) => ageGroupId === null).map((one) => [one.reference, one]));
  const found = new Set<string>();
  const follow = (line: string): void => {
    for (const [, reference = ""] of line.matchAll(REFERENCE_IN_LINE)) {
      const target = supporting.get(reference);
      if (target === undefined || found.has(reference)) continue;
      found.add(reference);
      follow(target.line);
    }
  };
  for (const { line } of resources) follow(line);
  for (const { type, line, reference } of supporting.values()) {
    const practitioner = /"reference":"(Practitioner\/[0-9]+)"/.exec(line)?.[1] ?? "";
    if (type !== "PractitionerRole" || !found.has(practitioner)) continue;
    found.add(reference);
    follow(line);
  }
  return found;
}

function filesOf(
  resources: readonly StoredResource[],
  selection: DatasetSelection,
  maxLinesPerFile: number,
): ExportFile[] {
  const after = selection.since === undefined ? -Infinity : Date.parse(selection.since);
  const until = selection.transactionTime === undefined ? Infinity : Date.parse(selection.transactionTime);
  const current = resources.filter(({ lastUpdated }) => lastUpdated > after && lastUpdated <= until);
  const lines = Map.groupBy(current, ({ type }) => type);
  return RESOURCE_TYPES.filter((type) => selection.types === undefined || selection.types.includes(type)).flatMap(
    (type) => splitIntoFiles(type, lines.get(type) ?? [], maxLinesPerFile),
  );
}

function splitIntoFiles(type: ResourceType, resources: readonly StoredResource[], maxLines: number): ExportFile[] {
  return Array.from({ length: Math.ceil(resources.length / maxLines) }, (_, index) => {
    const part = resources.slice(index * maxLines, (index + 1) * maxLines);
    return {
      type,
      fileName: `${type.toLowerCase()}_file_${index + 1}.ndjson`,
      lines: part.length,
      get body() {
        return Buffer.from(part.map(({ line }) => `${line}\n`).join(""));
      },
    };
  });
}
