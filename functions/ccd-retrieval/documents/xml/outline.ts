import { DocumentRefused } from "#ccd-retrieval/language/document-faults.ts";
import type { XmlElement, XmlListener } from "./secure-xml.ts";

/** Which child elements of an element are kept, and which of theirs, at every depth. */
export interface Shape {
  readonly inside?: Readonly<Record<string, Shape>>;
  /** Whether the element's own text is kept. */
  readonly text?: boolean;
  /** Whether only the first such element is kept, for shapes that only ask whether there is one. */
  readonly once?: boolean;
}

/** An element that was kept, with its child elements that were kept. */
export interface OutlineElement {
  name: string;
  attributes: ReadonlyMap<string, string>;
  inside: OutlineElement[];
  text: string;
}

interface Open {
  element: OutlineElement;
  shape: Shape;
}

/** Characters that an element counts for, besides its attributes and text. */
const elementChars = 32;

/**
 * Keeps the elements that a shape names, all in the namespace of the root, and drops every other element as it passes. An
 * element of the same name in another namespace, or at another place, is a different element.
 */
export class OutlineKeeper implements XmlListener {
  readonly root: OutlineElement;
  readonly #namespace: string;
  readonly #shape: Shape;
  readonly #maxChars: number;
  /** For each open element, the kept element; undefined if it is not kept. */
  readonly #open: (Open | undefined)[] = [];
  #chars = 0;

  constructor(root: { namespace: string; name: string; shape: Shape }, maxChars: number) {
    this.root = { name: root.name, attributes: new Map(), inside: [], text: "" };
    this.#namespace = root.namespace;
    this.#shape = root.shape;
    this.#maxChars = maxChars;
  }

  /** @throws DocumentRefused if the root is another element, or the outline grows beyond its limit */
  open({ namespace, name, attributes }: XmlElement): boolean {
    if (this.#open.length === 0) return this.#openRoot(namespace, name);
    const parent = this.#open.at(-1);
    const shape = namespace === this.#namespace ? shapeInside(parent, name) : undefined;
    if (parent === undefined || shape === undefined) {
      this.#open.push(undefined);
      return false;
    }
    const element: OutlineElement = { name, attributes: attributes(), inside: [], text: "" };
    this.#count(elementChars);
    for (const [attribute, value] of element.attributes) this.#count(attribute.length + value.length);
    parent.element.inside.push(element);
    this.#open.push({ element, shape });
    return shape.text === true;
  }

  text(piece: string): void {
    const open = this.#open.at(-1);
    if (open === undefined) return;
    this.#count(piece.length);
    open.element.text += piece;
  }

  close(): void {
    this.#open.pop();
  }

  #openRoot(namespace: string, name: string): boolean {
    if (namespace !== this.#namespace || name !== this.root.name) {
      throw new DocumentRefused("not-a-clinical-document", `the document is XML, but not an HL7 ${this.root.name}`);
    }
    this.#open.push({ element: this.root, shape: this.#shape });
    return false;
  }

  #count(chars: number): void {
    this.#chars += chars;
    if (this.#chars > this.#maxChars) {
      throw new DocumentRefused(
        "outline-too-large",
        `the document's outline has more than ${this.#maxChars} characters`,
      );
    }
  }
}

/** The shape of an element of this name; undefined if it is not kept. */
function shapeInside(parent: Open | undefined, name: string): Shape | undefined {
  const inside = parent?.shape.inside ?? {};
  const shape = Object.hasOwn(inside, name) ? inside[name] : undefined;
  return shape?.once === true && firstInside(parent?.element, name) !== undefined ? undefined : shape;
}

/** The child elements of this name. */
export function allInside(element: OutlineElement | undefined, name: string): OutlineElement[] {
  return element?.inside.filter((candidate) => candidate.name === name) ?? [];
}

/** The first child element of this name. */
export function firstInside(element: OutlineElement | undefined, name: string): OutlineElement | undefined {
  return element?.inside.find((candidate) => candidate.name === name);
}
