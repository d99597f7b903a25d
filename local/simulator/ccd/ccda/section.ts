import { type CdaCode, coded, codeElement } from "#local/simulator/ccd/ccda/coded-values.ts";
import { type Content, type Markup, xml } from "#local/simulator/ccd/ccda/xml-text.ts";

/** Root of this server's OIDs. The guide's sample of a Patient has it as the system of the medical record number. */
export const ROOT_OID = "2.16.840.1.113883.3.9999";
const ENTRY_OID = `${ROOT_OID}.3`;

/** The frame of a section, without its rows. */
export interface SectionFrame {
  readonly templates: Content;
  readonly code: CdaCode;
  readonly title: string;
  /** Prefix of the ids in the narrative. */
  readonly prefix: string;
  readonly headings: readonly string[];
}

/** One row of the narrative, with its machine-readable entry. */
export interface SectionRow {
  readonly cells: readonly string[];
  /** Makes the entry; `text` refers to the row. Absent if the row has no entry. */
  readonly entry?: (text: Markup) => Markup;
}

/** A section with a narrative table and entries. Without rows it has the nullFlavor NI, no information. */
export function section(frame: SectionFrame, rows: readonly SectionRow[]): Markup {
  const head = xml`${frame.templates}${codeElement(frame.code)}<title>${frame.title}</title>`;
  if (rows.length === 0) {
    return xml`<component><section nullFlavor="NI">${head}<text>No information</text></section></component>
`;
  }
  const idOf = (index: number): string => `${frame.prefix}${index + 1}`;
  const entries = rows.map(({ entry }, index) =>
    entry === undefined
      ? null
      : xml`<entry>${entry(textReference(idOf(index)))}</entry>
`,
  );
  return xml`<component><section>${head}
<text><table border="1"><thead><tr>${frame.headings.map((one) => xml`<th>${one}</th>`)}</tr></thead><tbody>
${rows.map(
  ({ cells }, index) => xml`<tr ID="${idOf(index)}">${cells.map((cell) => xml`<td>${cell}</td>`)}</tr>
`,
)}</tbody></table></text>
${entries}</section></component>
`;
}

/** `<id>` of a resource's entry. */
export function entryId(type: string, id: string): Markup {
  return xml`<id root="${ENTRY_OID}" extension="${type}-${id}"/>`;
}

export const COMPLETED = xml`<statusCode code="completed"/>`;
export const ACTIVE = xml`<statusCode code="active"/>`;

/** An observation with a template: the core of most entries. */
export function observation(parts: {
  readonly templates: Content;
  readonly id: Markup;
  readonly code: CdaCode;
  readonly translation?: CdaCode;
  readonly text?: Markup;
  readonly time: string;
  /** True for a state that began at the time and goes on. */
  readonly ongoing?: boolean;
  readonly value: Markup;
  readonly more?: Content;
}): Markup {
  const translation = parts.translation === undefined ? null : xml`<translation ${coded(parts.translation)}/>`;
  return xml`<observation classCode="OBS" moodCode="EVN">${parts.templates}${parts.id}${codeElement(parts.code, translation)}${parts.text}${COMPLETED}${effectiveTime(parts.time, parts.ongoing)}${parts.value}${parts.more}</observation>`;
}

/** `<effectiveTime>` in the form of CDA: a moment, or an interval that has begun. */
export function effectiveTime(time: string, ongoing = false): Markup {
  return ongoing ? xml`<effectiveTime><low value="${time}"/></effectiveTime>` : xml`<effectiveTime value="${time}"/>`;
}

function textReference(id: string): Markup {
  return xml`<text><reference value="#${id}"/></text>`;
}
