import { describe, expect, it } from "vitest";
import { textsOfJson, textsOfMarkdown } from "#test/prose/prose-texts.ts";

const textsOf = (page: string): string[] => textsOfMarkdown(page).map(({ text }) => text);

describe("the texts of a Markdown page", () => {
  it("the texts of a page are its headings, paragraphs, list items, quotes and table cells, with their lines", () => {
    const page =
      "# Title\n\nA *plain*\nparagraph.\n\n- An item.\n\n> A quote.\n\n| a | b |\n| --- | --- |\n| c | d |\n";

    expect(textsOfMarkdown(page)).toEqual([
      { text: "Title", place: "1" },
      { text: "A plain\nparagraph.", place: "3" },
      { text: "An item.", place: "6" },
      { text: "A quote.", place: "8" },
      { text: "a", place: "10" },
      { text: "b", place: "10" },
      { text: "c", place: "12" },
      { text: "d", place: "12" },
    ]);
  });

  it("the texts of a page have a word for code, quotations and file names, and omit code blocks", () => {
    expect(textsOf('    npm ci\n\nRun `npm ci`. See [a.test.ts](test/a.test.ts) "is told anew".\n')).toEqual([
      "Run Code. See Code Quotation.",
    ]);
  });

  it("the texts of a page keep the words of links and omit HTML", () => {
    expect(textsOf("See [the notes](notes.md).<br>Then go on.\n")).toEqual(["See the notes.. Then go on."]);
  });
});

describe("the texts of a JSON document", () => {
  it("the texts of a document are its summaries and descriptions, with their paths", () => {
    const document = {
      info: { description: "It is `fast`.", title: "T" },
      paths: [{ summary: "Reads.", description: { description: "Deep." } }],
    };

    expect(textsOfJson(document)).toEqual([
      { text: "It is Code.", place: "/info/description" },
      { text: "Reads.", place: "/paths/0/summary" },
      { text: "Deep.", place: "/paths/0/description/description" },
    ]);
  });
});
