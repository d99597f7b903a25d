import { readHl7Time } from "#ccd-retrieval/documents/c-cda/hl7-time.ts";
import type { XmlElement } from "#ccd-retrieval/documents/xml/secure-xml.ts";
import { html } from "#platform/html/html.ts";
import { pageId } from "./narrative-attributes.ts";
import type { NarrativeImages } from "./narrative-images.ts";
import { nullWords } from "./null-flavors.ts";
import { cdaName, ignored, type Place, textPlace } from "./place.ts";

/** The clinical statements of CDA. */
const statements: ReadonlySet<string> = new Set([
  "act",
  "observation",
  "procedure",
  "encounter",
  "supply",
  "substanceAdministration",
  "organizer",
]);

/** Elements inside of a statement that have a code which says what the statement is about: a drug, an allergen, a device. */
const subjects: ReadonlySet<string> = new Set(["manufacturedMaterial", "playingEntity", "playingDevice"]);

/** What one clinical statement says by its codes. */
interface EntryRow {
  depth: number;
  what: string[];
  values: string[];
  when: string[];
  status: string[];
}

type Attributes = ReadonlyMap<string, string>;

/**
 * The coded content of entries, one row for each clinical statement: for sections whose entries have no narrative.
 *
 * Source: CDA R2, 4.3.6 (clinical statements); HL7 V3 Data Types Release 1 for CD, PQ and IVL_TS.
 */
export class EntryRows {
  readonly #images: NarrativeImages;
  #rows: EntryRow[] = [];

  constructor(images: NarrativeImages) {
    this.#images = images;
  }

  /** An `entry`. Its rows are kept, and its images. */
  entry(): Place {
    return this.#around(undefined, 0);
  }

  /** An `entry` of a section whose narrative is shown. Only its images are kept. */
  entryWithNarrative(): Place {
    return imagesIn(this.#images);
  }

  /** The rows since the last call, as HTML. */
  takeHtml(): string {
    const rows = this.#rows.filter(({ what, values, when }) => [what, values, when].some((part) => part.length > 0));
    this.#rows = [];
    return rows.map(htmlOf).join("");
  }

  /** An element between statements. */
  #around(row: EntryRow | undefined, depth: number): Place {
    return {
      open: (element) => {
        const name = cdaName(element);
        if (name === "observationMedia") return imageOf(element, this.#images);
        if (statements.has(name)) return this.#statement(element, depth);
        if (name === "code" && row !== undefined) row.what.push(...codeWords(element.attributes()));
        return this.#around(subjects.has(name) ? row : undefined, depth);
      },
    };
  }

  #statement(element: XmlElement, depth: number): Place {
    const row: EntryRow = { depth, what: [], values: [], when: [], status: [] };
    const attributes = element.attributes();
    if (attributes.get("negationInd") === "true") row.status.push("negated: this did not happen, or is not the case");
    row.status.push(...nullWords(attributes));
    this.#rows.push(row);
    return this.#inside(row, depth + 1);
  }

  /** The content of a statement. */
  #inside(row: EntryRow, depth: number): Place {
    return {
      open: (element) => {
        const attributes = element.attributes();
        switch (cdaName(element)) {
          case "code":
            row.what.push(...codeWords(attributes));
            return ignored;
          case "value":
            return valueOf(attributes, (value) => row.values.push(value));
          case "doseQuantity":
            return valueOf(attributes, (value) => row.values.push(`dose ${value}`));
          case "effectiveTime":
            return timesOf(attributes, (time) => row.when.push(time));
          case "statusCode":
            row.status.push(...codeWords(attributes));
            return ignored;
          case "consumable":
          case "participant":
            return this.#subject(row, depth);
          case "entryRelationship":
          case "component":
          case "product":
            return this.#around(undefined, depth);
          default:
            return ignored;
        }
      },
    };
  }

  /** What a statement is about: a participant's entity, or a drug. */
  #subject(row: EntryRow, depth: number): Place {
    return {
      open: (element) => {
        const name = cdaName(element);
        if (subjects.has(name)) return this.#around(row, depth);
        return this.#subject(row, depth);
      },
    };
  }
}

/** The images below an element. */
function imagesIn(images: NarrativeImages): Place {
  const place: Place = {
    open: (element) => (cdaName(element) === "observationMedia" ? imageOf(element, images) : place),
  };
  return place;
}

function imageOf(media: XmlElement, images: NarrativeImages): Place {
  const id = pageId(media.attributes().get("ID"));
  return {
    open: (element) =>
      cdaName(element) === "value" && id !== undefined ? textPlace((text) => images.add(id, text)) : ignored,
  };
}

function codeWords(attributes: Attributes): string[] {
  const name = attributes.get("displayName")?.trim() || attributes.get("code")?.trim();
  return name ? [name] : nullWords(attributes);
}

/** A value with its unit, a coded value, a text, or the two ends of a range. */
function valueOf(attributes: Attributes, add: (value: string) => void): Place {
  const ends: string[] = [];
  let text = "";
  const quantity = (given: Attributes): string | undefined => {
    const [value, unit] = [given.get("value")?.trim(), given.get("unit")?.trim()];
    // UCUM's unit "1" is no unit.
    return value && unit && unit !== "1" ? `${value} ${unit}` : value;
  };
  return {
    open: (element) => {
      const name = cdaName(element);
      const end = name === "low" || name === "high" ? quantity(element.attributes()) : undefined;
      if (end !== undefined) ends.push(name === "low" ? `from ${end}` : `to ${end}`);
      return ignored;
    },
    text: (piece) => {
      text += piece;
    },
    close: () => {
      const own = quantity(attributes) ?? (text.trim() || ends.join(" ") || codeWords(attributes).join(""));
      if (own !== "") add(own);
    },
  };
}

/** A point in time, or an interval. */
function timesOf(attributes: Attributes, add: (time: string) => void): Place {
  const ends: string[] = [];
  return {
    open: (element) => {
      const name = cdaName(element);
      const end = name === "low" || name === "high" ? timeWords(element.attributes()) : undefined;
      if (end !== undefined) ends.push(name === "low" ? `from ${end}` : `to ${end}`);
      return ignored;
    },
    close: () => {
      const own = timeWords(attributes) ?? ends.join(" ");
      if (own !== "") add(own);
    },
  };
}

/** A time as people read it; as the document has it, if it is no time of HL7. */
function timeWords(attributes: Attributes): string | undefined {
  const value = attributes.get("value")?.trim();
  if (value) return readHl7Time(value)?.iso.replace("T", " ") ?? value;
  return nullWords(attributes)[0];
}

/** Deeper levels look alike. */
const deepest = 4;

function htmlOf({ depth, what, values, when, status }: EntryRow): string {
  const cells = [values, when, status].map((parts) => html`<td>${parts.join("; ")}</td>`);
  const name = what.join(": ") || "(no code)";
  return html`<tr class="depth-${String(Math.min(depth, deepest))}"><td>${name}</td>${cells}</tr>`.toString();
}
