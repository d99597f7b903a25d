import { DocumentRefused } from "#ccd-retrieval/language/document-faults.ts";
import type { XmlElement, XmlListener } from "./secure-xml.ts";

/** Which elements of a document are kept: those inside an element that are named here, and so on inwards. */
export interface Shape {
  readonly inside?: Readonly<Record<string, Shape>>;
  /** Whether the element's own text is kept. */
  readonly text?: boolean;
  /** Only the first of its kind is kept: that there is one is what matters. */
  readonly once?: boolean;
}

/** An element that was kept, with those inside it that were kept. */
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

/** What an element costs besides its attributes and text. */
const elementChars = 32;

/**
 * Keeps of a document what a shape names, all of it in the namespace of the root, and forgets the rest as it passes. An
 * element of the same name in another namespace, or at another place, is another element.
 */
export class OutlineKeeper implements XmlListener {
  readonly root: OutlineElement;
  readonly #namespace: string;
  readonly #shape: Shape;
  readonly #mostChars: number;
  /** For each open element, what is kept of it; undefined where nothing is. */
  readonly #open: (Open | undefined)[] = [];
  #chars = 0;

  constructor(root: { namespace: string; name: string; shape: Shape }, mostChars: number) {
    this.root = { name: root.name, attributes: new Map(), inside: [], text: "" };
    this.#namespace = root.namespace;
    this.#shape = root.shape;
    this.#mostChars = mostChars;
  }

  /** @throws DocumentRefused where the root is another element, or too much would be kept */
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
      throw new DocumentRefused("not-a-clinical-document", `the document is XML, but no ${this.root.name} of HL7`);
    }
    this.#open.push({ element: this.root, shape: this.#shape });
    return false;
  }

  #count(chars: number): void {
    this.#chars += chars;
    if (this.#chars > this.#mostChars) {
      throw new DocumentRefused(
        "outline-too-large",
        `what is read of the document has more than ${this.#mostChars} characters`,
      );
    }
  }
}

/** The shape of an element of this name, where it is kept. */
function shapeInside(parent: Open | undefined, name: string): Shape | undefined {
  const inside = parent?.shape.inside ?? {};
  const shape = Object.hasOwn(inside, name) ? inside[name] : undefined;
  return shape?.once === true && firstInside(parent?.element, name) !== undefined ? undefined : shape;
}

/** The elements of this name right inside `element`. */
export function allInside(element: OutlineElement | undefined, name: string): OutlineElement[] {
  return element?.inside.filter((candidate) => candidate.name === name) ?? [];
}

/** The first element of this name right inside `element`. */
export function firstInside(element: OutlineElement | undefined, name: string): OutlineElement | undefined {
  return element?.inside.find((candidate) => candidate.name === name);
}
