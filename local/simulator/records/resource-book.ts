import { REFERENCE_DATE } from "#local/simulator/records/age-groups.ts";
import { US_CORE } from "#local/simulator/records/code-tables.ts";
import { API_TYPES, type ApiType } from "#local/simulator/records/resource-types.ts";
import type { SeededRandom } from "#local/simulator/records/seeded-random.ts";

/** One resource as it is exported or read: `line` is its JSON text without the line end. */
export interface StoredResource {
  readonly type: ApiType;
  readonly reference: string;
  /** The age group of the patient whose compartment holds it; null outside of every compartment. */
  readonly ageGroupId: string | null;
  /** meta.lastUpdated in milliseconds since 1970. */
  readonly lastUpdated: number;
  readonly line: string;
}

/** The elements of a resource except resourceType, id and meta. */
export type ResourceContent = Readonly<Record<string, unknown>>;

const DECIMAL_MARK = "@decimal:";
const DECIMAL_IN_TEXT = /"@decimal:(-?[0-9.]+)"/g;
const FIRST_UPDATE = Date.parse("2021-01-01T00:00:00Z");
const LAST_UPDATE = Date.parse(`${REFERENCE_DATE}T00:00:00Z`);
const INDIA_OFFSET_MS = 5.5 * 3_600_000;

/** A decimal whose trailing zeros survive into the JSON text (1.50 stays 1.50), as FHIR's decimal requires. */
export function decimal(value: number, decimals: number): string {
  return DECIMAL_MARK + value.toFixed(decimals);
}

/** JSON text of the content, with values made by `decimal` written as numbers. */
export function exactJson(content: unknown): string {
  return JSON.stringify(content).replace(DECIMAL_IN_TEXT, "$1");
}

/** Assigns ids and update times to resources and keeps their exact text, in order of addition. */
export class ResourceBook {
  readonly resources: StoredResource[] = [];
  readonly #random: SeededRandom;
  readonly #before: number;
  readonly #counts = new Map<ApiType, number>();

  /** `before` is how many numbers of each type other books have used, because no two resources may share one. */
  constructor(random: SeededRandom, before = 0) {
    this.#random = random;
    this.#before = before;
  }

  /**
   * Adds one resource and returns its literal reference, such as "Patient/25000000001".
   * `profile` is the name of its US Core profile; null if its type has none.
   */
  add(type: ApiType, profile: string | null, ageGroupId: string | null, content: ResourceContent): string {
    const count = (this.#counts.get(type) ?? this.#before) + 1;
    this.#counts.set(type, count);
    const id = String((10 + API_TYPES.indexOf(type)) * 1_000_000_000 + count);
    const lastUpdated = this.#random.integer(FIRST_UPDATE, LAST_UPDATE);
    const meta = {
      lastUpdated: this.#instantText(lastUpdated),
      versionId: String(this.#random.integer(1, 9)),
      ...(profile === null ? {} : { profile: [`${US_CORE}/${profile}`] }),
    };
    const reference = `${type}/${id}`;
    const line = exactJson({ resourceType: type, id, meta, ...content });
    this.resources.push({ type, reference, ageGroupId, lastUpdated, line });
    return reference;
  }

  #instantText(time: number): string {
    // The guide's sample patient was updated at "2021-01-28T14:38:18.206+05:30": both spellings must occur.
    if (this.#random.chance(0.5)) return new Date(time).toISOString();
    return new Date(time + INDIA_OFFSET_MS).toISOString().replace("Z", "+05:30");
  }
}
