const token = String.raw`[!#$%&'*+.^\x60|~\w-]+`;
const quoted = String.raw`"(?:[^"\\]|\\.)*"`;
const assignment = String.raw`(${token})(?:[ \t]*=[ \t]*(${token}|${quoted})?)?`;
/** A preference with its parameters. Only the preference's own name and value are captured. */
const element = new RegExp(
  String.raw`[ \t]*${assignment}((?:[ \t]*;[ \t]*(?:${assignment.replaceAll(/\((?!\?)/g, "(?:")})?)*)[ \t]*(?=,|$)`,
  "gy",
);
/** An element that is no preference: up to the next comma outside of quotes. */
const unreadable = new RegExp(String.raw`(?:${quoted}|[^,"])*(?=,|$)`, "gy");

/**
 * Reads a `Prefer` header. API Gateway joins several of them with commas. Names are in lower case. A preference that is sent
 * more than once counts at its first occurrence. Parameters, which follow a semicolon, are not preferences. What the grammar
 * does not allow is skipped up to the next comma; a quoted string without an end ends the reading.
 *
 * Source: RFC 7240, 2 ("The Prefer Request Header Field"); RFC 9110, 5.6.
 * @returns the value of each preference; "" if it has none
 */
export function readPreferences(header: string): Map<string, string> {
  const preferences = new Map<string, string>();
  for (let at = 0; at <= header.length; at += 1) {
    element.lastIndex = at;
    const found = element.exec(header);
    const [whole, name = "", value = ""] = found ?? skip(header, at);
    if (whole === undefined) break;
    const key = name.toLowerCase();
    if (key !== "" && !preferences.has(key)) preferences.set(key, unquote(value));
    at += whole.length;
  }
  return preferences;
}

function skip(header: string, at: number): readonly string[] {
  unreadable.lastIndex = at;
  return unreadable.exec(header)?.slice(0, 1) ?? [];
}

/** A quoted pair stands for its second character (RFC 9110, 5.6.4). */
const unquote = (word: string): string => (word.startsWith('"') ? word.slice(1, -1).replaceAll(/\\(.)/g, "$1") : word);
