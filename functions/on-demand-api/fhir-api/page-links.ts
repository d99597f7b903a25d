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
  for (const { relation = "", urls } of linksOf(bundle)) {
    for (const { text, from, to } of urls) {
      pieces.push(bundle.subarray(kept, from), Buffer.from(JSON.stringify(replacement(relation, text))));
      kept = to;
    }
  }
  return Buffer.concat([...pieces, bundle.subarray(kept)]);
}

/** One of a Bundle's links. A member may come twice: whoever reads it may take either. */
interface Link {
  relation?: string;
  urls: Place[];
}

/** A string of a JSON document and where it stands, quotes included. */
interface Place {
  text: string;
  from: number;
  to: number;
}

function linksOf(bundle: Buffer): Iterable<Link> {
  const links = new Map<unknown, Link>();
  // A character a byte: what the parser counts are bytes, then, and JSON's own signs are the same in both encodings.
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
