import { ccdArchive, streamedZip, type ZipEntry, zipEntryOf, zipWithSizes } from "#local/simulator/ccd/ccd-archive.ts";
import { type CcdDocument, ccdDocuments } from "#local/simulator/ccd/ccd-documents.ts";
import type { CcdCriteria } from "#local/simulator/ccd/server-requests.ts";
import { claimSize, entryHeaders, markEncrypted } from "#local/simulator/ccd/zip-headers.ts";
import type { CcdAttack, Fault } from "#local/simulator/faults/fault-schema.ts";
import type { SimulatorState } from "#local/simulator/simulator-state.ts";

/** The documents and settings that an attack is made from. */
interface AttackMaterial {
  readonly documents: readonly CcdDocument[];
  readonly last: CcdDocument;
  /** Makes the same documents with the recordTarget of another patient. */
  readonly otherPatientDocuments: () => readonly CcdDocument[];
  readonly state: SimulatorState;
  readonly bytes: number;
}

const DEFAULT_BOMB_BYTES = 64 * 2 ** 20;
const CLAIMED_BYTES = 16;
const TRUNCATED_SHARE = 0.6;
const OUTSIDE_NAMES = ["../../outside.xml", "/outside.xml", "..\\..\\outside.xml", "C:\\outside.xml"];
const LAUGHS = 10;
/** The person of a recordTarget, without the ids. */
const PERSON = /<patient>[\s\S]*?<\/patient>/;

const ATTACKS: Readonly<Record<CcdAttack, (material: AttackMaterial) => Buffer>> = {
  "zip-slip": ({ documents, last }) =>
    streamedZip([...documents.map(zipEntryOf), ...OUTSIDE_NAMES.map((name) => ({ ...zipEntryOf(last), name }))]),
  "zip-bomb": ({ documents, last, bytes }) =>
    streamedZip([...documents.slice(0, -1).map(zipEntryOf), paddedEntry(last, bytes)]),
  "lying-sizes": ({ documents }) =>
    patched(zipWithSizes(documents), (zip, entry) => claimSize(zip, entry, CLAIMED_BYTES)),
  "duplicate-names": ({ documents, last }) =>
    streamedZip([...documents.map(zipEntryOf), { ...paddedEntry(last, 1), name: documents[0]?.fileName ?? "" }]),
  "encrypted-entry": ({ documents }) => patched(zipWithSizes(documents), markEncrypted),
  truncated: ({ documents, state }) => {
    const whole = ccdArchive(documents, state.settings);
    return whole.subarray(0, Math.floor(whole.length * TRUNCATED_SHARE));
  },
  "internal-entity": (material) => withLast(material, entityDocument('<!ENTITY made "up">', "&made;")),
  "billion-laughs": (material) => withLast(material, entityDocument(laughs(), `&laugh${LAUGHS - 1};`)),
  "external-dtd": (material) =>
    withLast(material, (xml) => withDoctype(xml, `SYSTEM "${material.state.baseUrl}outside/ccd.dtd"`)),
  "external-entity": (material) => {
    const declaration = `<!ENTITY outside SYSTEM "${material.state.baseUrl}outside/entity.txt">`;
    return withLast(material, entityDocument(declaration, "&outside;"));
  },
  "malformed-xml": (material) => withLast(material, (xml) => xml.slice(0, Math.floor(xml.length * TRUNCATED_SHARE))),
  "wrong-patient": ({ documents, otherPatientDocuments, state }) =>
    ccdArchive([...documents.slice(0, -1), ...otherPatientDocuments().slice(-1)], state.settings),
  "other-person": (material) => {
    const [stranger = ""] = PERSON.exec(material.otherPatientDocuments().at(-1)?.xml ?? "") ?? [];
    return withLast(material, (xml) => xml.replace(PERSON, () => stranger));
  },
};

/** The archive of a request's documents as an attacker, or a defective server, would send it. */
export function attackArchive(
  state: SimulatorState,
  documents: readonly CcdDocument[],
  criteria: CcdCriteria,
  { attack, bytes = DEFAULT_BOMB_BYTES }: Extract<Fault, { kind: "hostile-ccd" }>,
): Buffer {
  const last = documents.at(-1);
  if (last === undefined) return ccdArchive(documents, state.settings);
  const otherPatientDocuments = (): CcdDocument[] =>
    ccdDocuments(state.records, criteria, state.settings, otherPatientOf(state, criteria));
  return ATTACKS[attack]({ documents, last, otherPatientDocuments, state, bytes });
}

function otherPatientOf({ records }: SimulatorState, { patientId }: CcdCriteria): string {
  const stranger = records.ofType("Patient").find(({ id }) => id !== patientId);
  if (stranger === undefined) throw new RangeError("there is no other patient");
  return stranger.id;
}

/** The document with that many bytes of white space behind it. It is well-formed and compresses to almost zero bytes. */
function paddedEntry(document: CcdDocument, bytes: number): ZipEntry {
  const entry = zipEntryOf(document);
  return { ...entry, content: Buffer.concat([entry.content, Buffer.alloc(bytes, "\n")]) };
}

function patched(zip: Buffer, patch: (zip: Buffer, entry: { local: number; central: number }) => void): Buffer {
  const last = entryHeaders(zip).at(-1);
  if (last !== undefined) patch(zip, last);
  return zip;
}

function withLast({ documents, last, state }: AttackMaterial, change: (xml: string) => string): Buffer {
  return ccdArchive([...documents.slice(0, -1), { ...last, xml: change(last.xml) }], state.settings);
}

function entityDocument(declarations: string, reference: string): (xml: string) => string {
  return (xml) => withDoctype(xml.replace("<title>", `<title>${reference}`), `[${declarations}]`);
}

function withDoctype(xml: string, rest: string): string {
  return xml.replace("?>\n", `?>\n<!DOCTYPE ClinicalDocument ${rest}>\n`);
}

/** Ten entities, each of ten of the one before: a billion times "lol". */
function laughs(): string {
  const declarations = Array.from({ length: LAUGHS }, (_, index) => {
    const value = index === 0 ? "lol" : `&laugh${index - 1};`.repeat(10);
    return `<!ENTITY laugh${index} "${value}">`;
  });
  return declarations.join("");
}
