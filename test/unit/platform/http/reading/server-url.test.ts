import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ReportWarning } from "#platform/http/reading/reading-warnings.ts";
import { urlFromBody, urlFromHeader } from "#platform/http/reading/server-url.ts";

const base = new URL("https://portal.example/fhir/bulk/job-7?x=1");

type Reader = (reference: string, base: URL, warn?: ReportWarning) => URL | undefined;

function read(reader: Reader, value: string) {
  const warned: string[] = [];
  const url = reader(value, base, (code) => warned.push(code));
  return { href: url?.href, warned };
}

const readers: Record<string, Reader> = {
  urlFromHeader,
  urlFromBody,
};

describe.each(Object.entries(readers))("%s", (_, reader) => {
  it.each([
    ["/d?trace=a|b+c", "https://portal.example/d?trace=a%7Cb%2Bc"],
    ["/d|e{f}^g?q=1", "https://portal.example/d%7Ce%7Bf%7D%5Eg?q=1"],
    ['/d?q={"a":[1]}^<b>`\\', "https://portal.example/d?q=%7B%22a%22:%5B1%5D%7D%5E%3Cb%3E%60%5C"],
    ["/d?q=100%", "https://portal.example/d?q=100%25"],
    ["/d?_since=2026-03-01T00:00:00+01:00", "https://portal.example/d?_since=2026-03-01T00:00:00%2B01:00"],
    ["/a+b?q=M\u00fcller", "https://portal.example/a+b?q=M%C3%BCller"],
  ])("a URL is encoded if it has forbidden characters: %s", (reference, href) => {
    expect(read(reader, reference)).toEqual({ href, warned: [] });
  });

  it.each([
    ["https://portal.example/d?trace=a%7Cb%2Bc&e=%20%7b"],
    ["https://files.example/a%2Fb/c.ndjson?X-Amz-Signature=0a%2F&n=(1)!*'~"],
    ["https://portal.example/Patient/$export?_type=A,B;C@D"],
  ])("a URL that needs no encoding stays as it is: %s", (href) => {
    expect(read(reader, href).href).toBe(new URL(href).href);
  });

  it.each([
    ["next/1.ndjson", "https://portal.example/fhir/bulk/next/1.ndjson"],
    ["?page=2", "https://portal.example/fhir/bulk/job-7?page=2"],
    ["/d", "https://portal.example/d"],
    ["//files.example/d", "https://files.example/d"],
    ["  \n/d ", "https://portal.example/d"],
  ])("the reference %j is resolved against the URL that the answer came from", (reference, href) => {
    expect(read(reader, reference).href).toBe(href);
  });

  it.each(["", " \n ", "http://[", "https://"])("the URL %j counts as unsaid, with a warning", (reference) => {
    expect(read(reader, reference)).toEqual({ href: undefined, warned: ["URL_UNREADABLE"] });
  });

  it("a URL that was read is the same if it is read again", () => {
    const reference = fc.oneof(
      fc.string(),
      fc.webUrl({ withQueryParameters: true }),
      fc.stringMatching(/^\/[ -~]{0,60}$/),
    );
    fc.assert(
      fc.property(reference, (text) => {
        const url = reader(text, base);
        expect(url && reader(url.href, base)?.href).toBe(url?.href);
      }),
      { numRuns: 300 },
    );
  });

  it("a URL that was read contains no character that RFC 3986 forbids", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), fc.string({ maxLength: 60 }), (path, query) => {
        const url = reader(`/d/${path.replaceAll("#", "")}?q=${query}`, base);
        expect(`${url?.pathname}${url?.search}`).toMatch(/^(?:[\w.~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*$/);
      }),
      { numRuns: 300 },
    );
  });

  it("a URL that was read has the origin that its reference names", () => {
    const reference = fc.oneof(fc.string(), fc.webUrl({ withQueryParameters: true }));
    fc.assert(
      fc.property(reference, (text) => {
        const clean = reader === urlFromBody ? text.replace(/\s+/g, "") : text.trim();
        const origin = clean === "" ? undefined : URL.parse(clean, base.href)?.origin;
        expect(reader(text, base)?.origin).toBe(origin);
      }),
      { numRuns: 300 },
    );
  });
});

describe("white space inside of a URL", () => {
  it("white space in a body's URL is removed, because the guide's sample has it anywhere", () => {
    expect(urlFromBody(" https://portal.example/d?file\n Name=a. ndjson", base)?.href).toBe(
      "https://portal.example/d?fileName=a.ndjson",
    );
  });

  it("white space inside of a header's URL is encoded", () => {
    expect(urlFromHeader("/d?q=a b", base)?.href).toBe("https://portal.example/d?q=a%20b");
  });
});

describe("a URL that is no text", () => {
  it("a URL that is no text counts as unsaid, with a warning unless it is absent", () => {
    const warned: string[] = [];
    for (const value of [undefined, null, 5, {}, ["/d"]])
      expect(urlFromBody(value, base, (code) => warned.push(code))).toBeUndefined();
    expect(warned).toEqual(["URL_UNREADABLE", "URL_UNREADABLE", "URL_UNREADABLE"]);
  });

  it("the first of several headers is the one that is read as a URL", () => {
    expect(urlFromHeader(["/a", "/b"], base)?.pathname).toBe("/a");
    expect(urlFromHeader(undefined, base)).toBeUndefined();
  });
});
