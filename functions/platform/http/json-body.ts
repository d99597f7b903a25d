/** The JSON of a body; undefined where it is none. The parser's own error is dropped on purpose: it may quote the body. */
export function jsonOrUndefined(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}
