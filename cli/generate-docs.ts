import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { renderEventDocs } from "./event-docs.ts";

for (const [path, text] of await renderEventDocs()) {
  const file = join(import.meta.dirname, "..", path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  console.log(path);
}
