import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { renderPerformanceDocs } from "#cli/performance-docs.ts";

const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "performance.md"), "utf8");

describe("docs/performance.md", () => {
  it("has the tables that the code computes (npm run docs writes them)", () => {
    expect(renderPerformanceDocs(page)).toBe(page);
  });

  it("is not written if a mark of a table is missing", () => {
    expect(() => renderPerformanceDocs(page.replace("<!-- /cost -->", ""))).toThrow("lacks the mark <!-- /cost -->");
  });
});
