import { type CdaCode, coded, codeElement } from "#local/simulator/ccda/coded-values.ts";
import { type Content, type Markup, xml } from "#local/simulator/ccda/xml-text.ts";

/** OIDs of what this server numbers; the sample of a Patient has the last arc's parent as the system of its MRN. */
export const ROOT_OID = "2.16.840.1.113883.3.9999";
const ENTRY_OID = `${ROOT_OID}.3`;

/** What a section is, whatever it holds. */
export interface SectionFrame {
  readonly templates: Content;
  readonly code: CdaCode;
  readonly title: string;
  /** Prefix of the ids in the narrative. */
  readonly prefix: string;
  readonly headings: readonly string[];
}

/** One row of the narrative, and the entry that says the same to machines. */
export interface SectionRow {
  readonly cells: readonly string[];
  /** Makes the entry; `text` refers to the row. Absent where the narrative says all. */
  readonly entry?: (text: Markup) => Markup;
}

/** A section with a narrative table and entries; without a row it says that there is no information. */
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

/** `<id>` of the entry that a resource becomes. */
export function entryId(type: string, id: string): Markup {
  return xml`<id root="${ENTRY_OID}" extension="${type}-${id}"/>`;
}

export const COMPLETED = xml`<statusCode code="completed"/>`;
export const ACTIVE = xml`<statusCode code="active"/>`;

/** An observation with a template, as most entries have one inside. */
export function observation(parts: {
  readonly templates: Content;
  readonly id: Markup;
  readonly code: CdaCode;
  readonly translation?: CdaCode;
  readonly text?: Markup;
  readonly time: string;
  /** True for what began at the time and goes on. */
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
