/**
 * The JSON of a body of the server's; undefined if it is none. Read as well as possible: a byte order mark in front is ignored
 * (RFC 8259, 8.1), and so are control characters, which the guide's own sample has inside of its texts as raw line breaks:
 * each run of them counts as a blank. The parser's own error is dropped on purpose: it may quote the body.
 *
 * Source: RFC 8259; guide, "Sample response body for Complete status".
 * @param body in UTF-8, decoded from its content coding
 */
export function readJson(body: Uint8Array): unknown {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
    .toString("utf8")
    .replace(/^\uFEFF+/, "");
  return parsed(text) ?? parsed(text.replace(controlCharacters, " "));
}

/** The JSON object of a body of the server's; undefined if it is none. */
export function readJsonObject(body: Uint8Array): Record<string, unknown> | undefined {
  const json = readJson(body);
  const isObject = typeof json === "object" && json !== null && !Array.isArray(json);
  return isObject ? (json as Record<string, unknown>) : undefined;
}

// oxlint-disable-next-line no-control-regex -- JSON forbids them inside of texts, and the server sends them there.
const controlCharacters = /[\u0000-\u001f]+/g;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
