import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseMediaType } from "#on-demand-api/ccd-documents/accept-header.ts";

const offered = ["application/xml", "text/xml", "text/html"] as const;

describe("the media type that an Accept header prefers", () => {
  it.each([
    [undefined, "application/xml"],
    ["", "application/xml"],
    ["*/*", "application/xml"],
    ["text/html", "text/html"],
    ["TEXT/HTML", "text/html"],
    ["text/xml", "text/xml"],
    ["text/*", "text/xml"],
    ["text/html, application/xml", "application/xml"],
    ["text/html, application/xml;q=0.9", "text/html"],
    ["text/html;q=0.5, application/xml;q=0.5", "application/xml"],
    ["text/html;q=0, */*", "application/xml"],
    ["*/*;q=0.1, text/html;q=0.2", "text/html"],
    // The most specific range counts, wherever it stands.
    ["*/*, application/*;q=0, text/xml;q=0", "text/html"],
    // What browsers send.
    ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"],
    ["text/html;charset=utf-8", "text/html"],
    ['text/html;charset="a,b";q=0.7 , application/xml;q=0.8', "application/xml"],
    ["text/html;level=1, application/xml;q=0.1", "application/xml"],
    ["application/fhir+json", undefined],
    ["application/json, image/*", undefined],
    ["*/*;q=0", undefined],
    ["text/html;q=0", undefined],
    // What cannot be read counts as unsaid.
    ["html", "application/xml"],
    ["*/html", "application/xml"],
    ["text/html;q=2, application/json", undefined],
    [",, text/html ,", "text/html"],
  ])("%s: %s", (header, expected) => {
    expect(chooseMediaType(header, offered)).toBe(expected);
  });

  it("any header gives an offered type or none", () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        expect([...offered, undefined]).toContain(chooseMediaType(header, offered));
      }),
    );
  });
});
