import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { replaceLinks } from "#on-demand-api/fhir-api/page-links.ts";

const replaced = (bundle: string): string =>
  replaceLinks(Buffer.from(bundle), (relation, url) => `${relation}<${url}>`).toString("utf8");

describe("the links of a page", () => {
  it("the links of a page are replaced and no other byte changes: decimals, white space, escapes and order stay", () => {
    const rest =
      '"total" : 1.50, "entry":[{"fullUrl":"x","link":[{"relation":"next","url":"inner"}],"resource":{"value":1.500,"text":"Zoë \\u00e9 \\/"}}]';
    expect(
      replaced(
        `{ "resourceType":"Bundle",\n "link" : [ {"relation":"self", "url" : "a"}, {"url":"b?\\u0026c","relation":"next"} ], ${rest} }`,
      ),
    ).toBe(
      `{ "resourceType":"Bundle",\n "link" : [ {"relation":"self", "url" : "self<a>"}, {"url":"next<b?&c>","relation":"next"} ], ${rest} }`,
    );
  });

  it("links are found behind characters of several bytes", () => {
    expect(replaced('{"id":"Zoë 日本 😀","link":[{"relation":"next","url":"ü"}],"x":"é"}')).toBe(
      '{"id":"Zoë 日本 😀","link":[{"relation":"next","url":"next<ü>"}],"x":"é"}',
    );
  });

  it.each([
    ['{"resourceType":"Bundle"}'],
    ['{"link":[]}'],
    ['{"link":null}'],
    ['{"link":{"relation":"next","url":"a"}}'],
    ['{"link":["url"]}'],
    ['{"link":[{"other":{"reference":"Patient/1"},"type":"seealso"}]}'],
    ['{"link":[{"relation":"next","extension":[{"url":"e"}]}]}'],
    ['{"contained":[{"link":[{"relation":"next","url":"a"}]}]}'],
  ])("a page without links of its own stays unchanged: %s", (bundle) => {
    expect(replaced(bundle)).toBe(bundle);
  });

  it("no URL of the server remains in a link that has the member url twice", () => {
    expect(replaced('{"link":[{"relation":"next","url":"a","url":"b"}]}')).toBe(
      '{"link":[{"relation":"next","url":"next<a>","url":"next<b>"}]}',
    );
  });

  it("replacing the links gives the same JSON as parsing, changing and serialising the page", () => {
    const link = fc.record({ relation: fc.string(), url: fc.string() });
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.array(link),
        fc.constantFrom(0, 2),
        (other, links, indent) => {
          const { link: _, ...rest } = other;
          const bundle = JSON.stringify({ ...rest, link: links, after: other }, null, indent);
          const expected = {
            ...rest,
            link: links.map(({ relation, url }) => ({ relation, url: `${relation}<${url}>` })),
            after: other,
          };
          expect(JSON.parse(replaced(bundle))).toEqual(JSON.parse(JSON.stringify(expected)));
        },
      ),
    );
  });
});
