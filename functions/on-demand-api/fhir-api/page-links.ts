import { visit } from "jsonc-parser";

/**
 * Replaces the URLs in a Bundle's own links (`Bundle.link.url`), and changes no other byte. Parsing and serialising the
 * Bundle would lose the precision of decimals such as 1.50, which FHIR calls significant (FHIR R4, datatypes, `decimal`).
 * @param bundle JSON in UTF-8
 * @param replacement returns the new URL of a link
 */
export function replaceLinks(bundle: Buffer, replacement: (relation: string, url: string) => string): Buffer {
  const pieces: Buffer[] = [];
  let copiedTo = 0;
  for (const { relation = "", urls } of findLinks(bundle)) {
    for (const { text, from, to } of urls) {
      pieces.push(bundle.subarray(copiedTo, from), Buffer.from(JSON.stringify(replacement(relation, text))));
      copiedTo = to;
    }
  }
  return Buffer.concat([...pieces, bundle.subarray(copiedTo)]);
}

/** One of a Bundle's links. JSON allows the member `url` twice, and a reader may use either: both are replaced. */
interface Link {
  relation?: string;
  urls: StringLiteral[];
}

/** A string of a JSON document, and the offsets of its bytes, quotes included. */
interface StringLiteral {
  text: string;
  from: number;
  to: number;
}

function findLinks(bundle: Buffer): Iterable<Link> {
  const links = new Map<unknown, Link>();
  // In Latin-1 each byte is one character, so the parser's offsets are byte offsets. JSON's own characters are the same in
  // both encodings.
  visit(bundle.toString("latin1"), {
    onLiteralValue: (value, from, length, _line, _character, path) => {
      if (typeof value !== "string") return;
      const [member, index, name, ...deeper] = path();
      if (member !== "link" || typeof index !== "number" || deeper.length > 0) return;
      if (name !== "relation" && name !== "url") return;
      const to = from + length;
      const text = JSON.parse(bundle.toString("utf8", from, to)) as string;
      const link = links.get(index) ?? { urls: [] };
      if (name === "url") link.urls.push({ text, from, to });
      else link.relation = text;
      links.set(index, link);
    },
  });
  return links.values();
}
