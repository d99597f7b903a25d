const token = String.raw`[!#$%&'*+.^\x60|~\w-]+`;
const quoted = String.raw`"(?:[^"\\]|\\.)*"`;
const parameter = String.raw`[ \t]*;[ \t]*(?:${token}=(?:${token}|${quoted}))?`;
const rangeForm = new RegExp(String.raw`^[ \t]*(${token})/(${token})((?:${parameter})*)[ \t]*$`);
const parameterForm = new RegExp(String.raw`(${token})=(${token}|${quoted})`, "g");
/** Elements of a list: a comma inside of quotes ends none. */
const elementForm = new RegExp(String.raw`(?:${quoted}|[^,"])+`, "g");

/** A media range of an Accept header. */
interface MediaRange {
  /** A media type, all types of a kind (`text/*`), or all types, in lower case. */
  range: string;
  /** Whether it has a parameter that says more than the media type. */
  isNarrower: boolean;
  /** 0 to 1. */
  weight: number;
}

/**
 * Chooses the media type that an Accept header prefers. For each type the most specific range counts. Types of equal weight are
 * chosen in the order in which they are offered. A range that cannot be read is skipped; a header without a readable range accepts
 * everything. No type that is offered has parameters, so a range with one, except `charset`, matches none.
 *
 * Source: RFC 9110, 12.4.2 (quality values) and 12.5.1 (Accept).
 * @param header undefined or empty if the call has none
 * @param offered media types without parameters, in lower case
 * @returns undefined if no offered type is acceptable
 */
export function chooseMediaType<Type extends string>(
  header: string | undefined,
  offered: readonly Type[],
): Type | undefined {
  const ranges = (header?.match(elementForm) ?? []).flatMap(readRange);
  if (ranges.length === 0) return offered[0];
  let chosen: { type: Type; weight: number } | undefined;
  for (const type of offered) {
    const weight = weightOf(type, ranges);
    if (weight > (chosen?.weight ?? 0)) chosen = { type, weight };
  }
  return chosen?.type;
}

function weightOf(type: string, ranges: readonly MediaRange[]): number {
  for (const pattern of [type, `${type.split("/", 1)[0]}/*`, "*/*"]) {
    const found = ranges.find(({ range, isNarrower }) => range === pattern && !isNarrower);
    if (found !== undefined) return found.weight;
  }
  return 0;
}

function readRange(text: string): MediaRange[] {
  const [whole, type = "", subtype = "", rest = ""] = rangeForm.exec(text) ?? [];
  if (whole === undefined || (type === "*" && subtype !== "*")) return [];
  const parameters = [...rest.matchAll(parameterForm)].map(([, name = "", value = ""]) => [name.toLowerCase(), value]);
  const weight = parameters.find(([name]) => name === "q")?.[1] ?? "1";
  if (!/^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight)) return [];
  const isNarrower = parameters.some(([name = ""]) => !["q", "charset"].includes(name));
  return [{ range: `${type}/${subtype}`.toLowerCase(), isNarrower, weight: Number(weight) }];
}
