import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fromMarkdown } from "mdast-util-from-markdown";
import { describe, expect, it } from "vitest";

const repository = join(import.meta.dirname, "..", "..");
const pages = globSync(["*.md", "docs/**/*.md", "functions/*/README.md", "state-machines/*.md"], { cwd: repository });
const read = (file: string): string => readFileSync(join(repository, file), "utf8");

/** `functions/<wing>/language/*-events.ts` as a glob, for each path of ours that a page has as code. */
const pathsOf = (page: string): string[] =>
  [...page.matchAll(/`((?:functions|infra|local|cli|test|docs|state-machines)\/[\w.<>*/-]*)`/g)].map(([, path = ""]) =>
    path.replaceAll(/<[\w-]+>/g, "*").replace(/\/$/, ""),
  );

/** Paths that the checklists of CONTRIBUTING.md make up. */
const madeUp = /measure-export|export-measured/;

/** The relative links of a page, with the headings that they lead to. */
const linksOf = (page: string): string[] => [...page.matchAll(/\]\(((?!\w+:)[^)\s]+)\)/g)].map(([, link = ""]) => link);

/** The anchors that GitHub gives the headings of a page. */
function anchorsOf(page: string): string[] {
  const headings = fromMarkdown(page).children.filter((node) => node.type === "heading");
  return headings.map(({ position }) =>
    page
      .slice(position?.start.offset, position?.end.offset)
      .replace(/^#+ /, "")
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

describe("the pages for people", () => {
  it("the pages for people are found", () => {
    expect(pages).toEqual(expect.arrayContaining(["README.md", "CONTRIBUTING.md", "docs/architecture.md"]));
  });

  it.each(pages)("%s names only paths that exist", (page) => {
    const paths = pathsOf(read(page)).filter((path) => !madeUp.test(path));
    expect(paths.filter((path) => globSync(path, { cwd: repository }).length === 0)).toEqual([]);
  });

  it.each(pages)("%s has only links that lead to a file and a heading", (page) => {
    const dead = linksOf(read(page)).filter((link) => {
      const [path = "", anchor] = link.split("#");
      const file = path === "" ? page : normalize(join(dirname(page), decodeURI(path)));
      if (!existsSync(join(repository, file))) return true;
      return anchor !== undefined && !anchorsOf(read(file)).includes(anchor);
    });
    expect(dead).toEqual([]);
  });
});
