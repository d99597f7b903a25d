import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { renderOpenApi } from "#on-demand-api/openapi/openapi.ts";
import { renderCliDocs } from "./cli-docs.ts";
import { renderEventDocs } from "./event-docs.ts";
import { renderPerformanceDocs } from "./performance-docs.ts";
import { renderPermissionDocs } from "./permission-docs.ts";
import { everyOption, plainProd } from "./templates/every-option.ts";
import { synthesise } from "./templates/synthesise.ts";

const permissions = renderPermissionDocs(await synthesise("prod", plainProd), await synthesise("prod", everyOption));

const files: (readonly [path: string, text: string])[] = [
  ...(await renderEventDocs()),
  ...renderCliDocs(),
  ["docs/permissions.md", permissions],
  [
    "docs/performance.md",
    renderPerformanceDocs(await readFile(join(import.meta.dirname, "..", "docs/performance.md"), "utf8")),
  ],
  ["docs/openapi.json", renderOpenApi()],
];

for (const [path, text] of files) {
  const file = join(import.meta.dirname, "..", path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  console.log(path);
}
