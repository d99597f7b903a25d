import { createHash } from "node:crypto";

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A piece of HTML. Whatever else stands in a template is escaped. */
class Html {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

type HtmlValue = string | Html | readonly Html[] | undefined;

/** A template of HTML. Its values are escaped, as text and for quoted attributes, unless they are HTML themselves. */
export function html(texts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(texts.map((text, place) => `${text}${escaped(values[place])}`).join(""));
}

/** A constant of ours as HTML, without escaping. */
export const trustedHtml = (text: string): Html => new Html(text);

function escaped(value: HtmlValue): string {
  if (value === undefined) return "";
  if (value instanceof Html) return value.toString();
  if (typeof value !== "string") return value.map((one) => one.toString()).join("");
  return escapeHtml(value);
}

/** A text as HTML: as text, or inside of a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** The source of a Content-Security-Policy that allows this style sheet or script, and no other (CSP Level 3, "hash-source"). */
export const policyHash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

export type { Html };
