import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { html } from "#platform/html/html.ts";

const unescaped = (text: string): string =>
  text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");

describe("a template of HTML", () => {
  it("escapes any text, so that it neither ends an attribute nor begins an element or an entity", () => {
    const hostile = fc.oneof(
      fc.string(),
      fc.array(fc.constantFrom("&", "<", ">", '"', "'", "&lt;", "a")).map((all) => all.join("")),
    );
    fc.assert(
      fc.property(hostile, (text) => {
        const written = html`<a href="${text}">`.toString().slice('<a href="'.length, -'">'.length);
        expect(written).not.toMatch(/[<>"']|&(?!(?:amp|lt|gt|quot|#39);)/);
        expect(unescaped(written)).toBe(text);
      }),
    );
  });

  it("leaves HTML as it is, alone or in a list, and nothing of what is undefined", () => {
    const items = ["a", "<b>"].map((text) => html`<li>${text}</li>`);
    expect(html`<ul>${items}</ul>${undefined}${html`<p>`}`.toString()).toBe("<ul><li>a</li><li>&lt;b&gt;</li></ul><p>");
  });
});
