/** The first element of an XML or HTML text. */
export interface RootElement {
  /** Its name as written, with its prefix: `ClinicalDocument`, `cda:ClinicalDocument`, `html`. */
  name: string;
  /** Its namespace, if its own tag declares it. */
  namespace: string | undefined;
}

/**
 * - `found`: the text has a root element, or a document type that names it.
 * - `unfinished`: the text ends before its root element begins.
 * - `none`: something else stands where the root element should begin.
 */
export type RootSearch = { state: "found"; root: RootElement } | { state: "unfinished" } | { state: "none" };

/**
 * Looks for the root element in the first bytes of a text: after a byte order mark, white space, processing instructions,
 * comments and a document type. It only classifies: it validates nothing, and HTML may be as loose as browsers allow.
 *
 * Source: XML 1.0 (fifth edition), section 2.8, "Prolog and Document Type Declaration", and appendix F.
 */
export function findRootElement(start: Buffer): RootSearch {
  const text = decodeStart(start);
  let at = 0;
  for (;;) {
    at += /^\s*/.exec(text.slice(at))?.[0].length ?? 0;
    const end = endOfMisc(text, at);
    if (end === "unfinished" || (end === undefined && mayBecomeMisc(text.slice(at, at + longestOpening)))) {
      return { state: "unfinished" };
    }
    if (end === undefined) return readRoot(text.slice(at));
    if (isHtmlDoctype(text.slice(at, end))) return { state: "found", root: { name: "html", namespace: undefined } };
    at = end;
  }
}

/** Whether the first character is `<`, after a byte order mark and white space, in UTF-8 or UTF-16. */
export function beginsAsMarkup(start: Buffer): boolean {
  return /^(?:\u00ef\u00bb\u00bf|\u00ff\u00fe|\u00fe\u00ff)?[\0\t\n\r ]*</.test(start.toString("latin1"));
}

/** The name without its prefix, in lower case. */
export function localName({ name }: RootElement): string {
  return (name.split(":").at(-1) ?? "").toLowerCase();
}

/** The encodings by their first bytes. In every other one that XML allows, markup is ASCII. */
function decodeStart(start: Buffer): string {
  const begins = (hex: string): boolean => start.toString("hex", 0, hex.length / 2) === hex;
  const even = start.subarray(0, start.length - (start.length % 2));
  if (begins("efbbbf")) return start.toString("latin1", 3);
  if (begins("fffe")) return even.toString("utf16le").slice(1);
  if (begins("feff")) return Buffer.from(even).swap16().toString("utf16le").slice(1);
  if (begins("3c00")) return even.toString("utf16le");
  if (begins("003c")) return Buffer.from(even).swap16().toString("utf16le");
  return start.toString("latin1");
}

const longestOpening = "<!DOCTYPE".length;

/** The end of the processing instruction, comment or document type at this position; undefined if there is none. */
function endOfMisc(text: string, at: number): number | "unfinished" | undefined {
  const endAfter = (closing: string, from: number): number | "unfinished" => {
    const found = text.indexOf(closing, from);
    return found === -1 ? "unfinished" : found + closing.length;
  };
  if (text.startsWith("<?", at)) return endAfter("?>", at + 2);
  if (text.startsWith("<!--", at)) return endAfter("-->", at + 4);
  return /^<!doctype/i.test(text.slice(at, at + longestOpening)) ? endOfDoctype(text, at) : undefined;
}

/** Whether more characters can make a processing instruction, a comment or a document type of this. */
function mayBecomeMisc(rest: string): boolean {
  return ["<?", "<!--", "<!doctype"].some((opening) => opening.startsWith(rest.toLowerCase()));
}

/** Quoted texts and the internal subset of a document type may hold `>`. */
function endOfDoctype(text: string, at: number): number | "unfinished" {
  let subset = 0;
  let quote: string | undefined;
  for (let place = at; place < text.length; place += 1) {
    const character = text[place];
    if (quote !== undefined) {
      if (character === quote) quote = undefined;
    } else if (character === '"' || character === "'") quote = character;
    else if (character === "[") subset += 1;
    else if (character === "]") subset -= 1;
    else if (character === ">" && subset <= 0) return place + 1;
  }
  return "unfinished";
}

const isHtmlDoctype = (misc: string): boolean => /^<!doctype\s+html\b/i.test(misc);

function readRoot(text: string): RootSearch {
  const tag = /^<([A-Za-z_:\u0080-\uffff][^\s/<>]*)([\s/>])/.exec(text);
  const [whole = "", name = "", next = ""] = tag ?? [];
  if (tag !== null) {
    const attributes = next === ">" ? "" : (/^(?:[^>"']|"[^"]*"|'[^']*')*/.exec(text.slice(whole.length))?.[0] ?? "");
    return { state: "found", root: { name, namespace: namespaceOf(name, attributes) } };
  }
  return /^<[A-Za-z_:\u0080-\uffff]?[^\s/<>]*$/.test(text) ? { state: "unfinished" } : { state: "none" };
}

function namespaceOf(name: string, attributes: string): string | undefined {
  const [prefix] = name.includes(":") ? name.split(":") : [];
  const wanted = prefix === undefined ? "xmlns" : `xmlns:${prefix}`;
  const all = [...attributes.matchAll(/([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)];
  const declaration = all.find(([, attribute]) => attribute === wanted);
  return declaration?.[2] ?? declaration?.[3];
}
