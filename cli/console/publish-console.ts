import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join, relative } from "node:path";
import { PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { consoleMediaTypes } from "#console/media-types.ts";

export interface ConsolePublication {
  s3: Pick<S3Client, "send">;
  /** Builds the console into a folder. */
  build: (folder: string) => void;
  bucket: string;
  /** The content of `/config.json`. */
  config: string;
}

/**
 * Builds the console, and puts its files into the stage's bucket. The page comes last, so nobody gets a page without its scripts. Files
 * of earlier versions stay: a tab that is open may need them.
 * @returns the keys of the files, in the order in which they were put
 * @throws Error if the build or an upload fails
 */
export async function publishConsole({ s3, build, bucket, config }: ConsolePublication): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "integra-bridge-console-"));
  try {
    build(folder);
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const keys = entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll("\\", "/"));
    const page = "index.html";
    if (!keys.includes(page)) throw new Error(`the build has no ${page}`);
    const inOrder = [...keys.filter((key) => key !== page).toSorted(), "config.json", page];
    for (const key of inOrder) {
      const Body = key === "config.json" ? config : await readFile(join(folder, key));
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body, ...headersOf(key) }));
    }
    return inOrder;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Names below assets/ are hashes of the content, so a browser may keep those files. It asks for the others each time. */
function headersOf(key: string): { ContentType: string; CacheControl: string } {
  const ContentType = consoleMediaTypes[extname(key)];
  if (ContentType === undefined) throw new Error(`the console's file ${key} has no known media type`);
  return {
    ContentType,
    CacheControl: key.startsWith("assets/") ? "public, max-age=31536000, immutable" : "no-cache",
  };
}
