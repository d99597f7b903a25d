import { hl7 } from "#ccd-retrieval/documents/c-cda/hl7-namespace.ts";
import type { XmlElement } from "#ccd-retrieval/documents/xml/secure-xml.ts";

/** An element of a document that is being read. It decides what each of its child elements is. */
export interface Place {
  open(element: XmlElement): Place;
  /** A piece of the element's own text. Without it, the text is not read. */
  text?(piece: string): void;
  close?(): void;
}

/** An element whose content is not shown. */
export const ignored: Place = { open: () => ignored };

/** An element of which only the text is read. The text of its child elements is not. */
export function textPlace(done: (text: string) => void): Place {
  let text = "";
  return {
    open: () => ignored,
    text: (piece) => {
      text += piece;
    },
    close: () => done(text.replaceAll(/\s+/g, " ").trim()),
  };
}

/** The name of an element of CDA; "" for an element of another namespace. */
export const cdaName = ({ namespace, name }: XmlElement): string => (namespace === hl7 ? name : "");
