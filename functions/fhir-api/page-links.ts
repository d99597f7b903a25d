import { visit } from "jsonc-parser";

/**
 * A Bundle with other URLs in its own links (`Bundle.link.url`), and not another byte changed: parsed and written anew,
 * decimals such as 1.50 would lose their precision, which FHIR holds significant (FHIR R4, datatypes, `decimal`).
 * @param bundle JSON in UTF-8
 * @param replacement the URL instead of a link's own
 */
export function withLinks(bundle: Buffer, replacement: (relation: string, url: string) => string): Buffer {
  const pieces: Buffer[] = [];
  let kept = 0;
  for (const { relation, url } of linksOf(bundle)) {
    pieces.push(bundle.subarray(kept, url.from), Buffer.from(JSON.stringify(replacement(relation, url.text))));
    kept = url.to;
  }
  return Buffer.concat([...pieces, bundle.subarray(kept)]);
}

/** A string of a JSON document and where it stands, quotes included. */
interface Place {
  text: string;
  from: number;
  to: number;
}

function linksOf(bundle: Buffer): { relation: string; url: Place }[] {
  const links = new Map<unknown, { relation?: string; url?: Place }>();
  // A character a byte: what the parser counts are bytes, then, and JSON's own signs are the same in both encodings.
  visit(bundle.toString("latin1"), {
    onObjectBegin: (_offset, _length, _line, _character, path) => mayHoldLinks(path()),
    onArrayBegin: (_offset, _length, _line, _character, path) => mayHoldLinks(path()),
    onLiteralValue: (value, from, length, _line, _character, path) => {
      const [, index, name] = path();
      if (typeof value !== "string" || (name !== "relation" && name !== "url")) return;
      const to = from + length;
      const text = JSON.parse(bundle.toString("utf8", from, to)) as string;
      const link = links.get(index) ?? {};
      links.set(index, name === "url" ? { ...link, url: { text, from, to } } : { ...link, relation: text });
    },
  });
  return [...links.values()].flatMap(({ relation = "", url }) => (url === undefined ? [] : [{ relation, url }]));
}

/** The Bundle itself, its `link`, and the entries of that: the resources are not looked into. */
function mayHoldLinks(path: (string | number)[]): boolean {
  return path.length === 0 || (path[0] === "link" && path.length <= 2);
}
