import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { proseFaults } from "./prose-rules.ts";
import { textsOfJson, textsOfMarkdown } from "./prose-texts.ts";

/*
 * Checks that the project's documentation keeps to plain English: `npm run check:prose`, or `npm run check:prose -- FILE …`
 * for single files. Any finding ends with exit code 1.
 */

const repository = join(import.meta.dirname, "..", "..");

const pages = [
  "*.md",
  ".github/*.md",
  "docs/**/*.md",
  "docs/openapi.json",
  "docs/events/*.json",
  "functions/*/README.md",
  "state-machines/*.md",
];

const given = process.argv.slice(2);
const files = given.length > 0 ? given : globSync(pages, { cwd: repository }).toSorted();

let count = 0;
for (const file of files) {
  const content = readFileSync(join(repository, file), "utf8");
  const texts = file.endsWith(".json") ? textsOfJson(JSON.parse(content)) : textsOfMarkdown(content);
  for (const { text, place } of texts) {
    for (const { rule, advice, found } of proseFaults(text)) {
      console.log(`${file}:${place}: "${found}": ${advice} (${rule})`);
      count += 1;
    }
  }
}
if (count === 0) console.log(`${files.length} files are in plain English`);
else process.exitCode = 1;
