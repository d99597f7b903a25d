/** XML text that is put into other XML without escapes. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** The values of a template: markup, plain text, numbers, and lists of these. Null and undefined become empty text. */
export type Content = Markup | string | number | null | undefined | readonly Content[];

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/** A template whose values are escaped for element content and for quoted attributes; markup is left as it is. */
export function xml(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return new Markup(parts.map((part, index) => part + textOf(values[index])).join(""));
}

function textOf(content: Content): string {
  if (content === null || content === undefined) return "";
  if (content instanceof Markup) return content.text;
  if (typeof content === "string") return content.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? "");
  return typeof content === "number" ? String(content) : content.map(textOf).join("");
}
