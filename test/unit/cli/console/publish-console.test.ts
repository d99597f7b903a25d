import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { mockClient } from "aws-sdk-client-mock";
import { describe, expect, it } from "vitest";
import { publishConsole } from "#cli/console/publish-console.ts";

function build(folder: string, names = ["index.html", "icon.svg", "assets/index-1a.js", "assets/style-2b.css"]): void {
  mkdirSync(join(folder, "assets"));
  for (const name of names) writeFileSync(join(folder, name), name);
}

const buildOf =
  (...names: string[]) =>
  (folder: string) =>
    build(folder, names);

const publication = (s3: S3Client) => ({ s3, bucket: "files", config: '{"stage":"prod"}' });

describe("npm run console", () => {
  it("puts the page last, and lets browsers keep only files whose names are hashes", async () => {
    const s3 = new S3Client({ region: "eu-central-1" });
    const calls = mockClient(s3);
    const keys = await publishConsole({ ...publication(s3), build });
    expect(keys).toEqual(["assets/index-1a.js", "assets/style-2b.css", "icon.svg", "config.json", "index.html"]);
    const puts = calls.commandCalls(PutObjectCommand).map(({ args: [{ input }] }) => input);
    expect(puts.map(({ Key }) => Key)).toEqual(keys);
    expect(puts.map(({ CacheControl }) => CacheControl?.includes("immutable"))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(puts[0]).toMatchObject({ Bucket: "files", ContentType: "text/javascript; charset=utf-8" });
    expect(puts[3]).toMatchObject({
      Body: '{"stage":"prod"}',
      ContentType: "application/json",
      CacheControl: "no-cache",
    });
  });

  it("puts nothing if the build has no page", async () => {
    const s3 = new S3Client({ region: "eu-central-1" });
    const calls = mockClient(s3);
    await expect(publishConsole({ ...publication(s3), build: buildOf("icon.svg") })).rejects.toThrow("no index.html");
    expect(calls.calls()).toEqual([]);
  });

  it("refuses a file whose media type it does not know", async () => {
    const s3 = new S3Client({ region: "eu-central-1" });
    mockClient(s3);
    await expect(publishConsole({ ...publication(s3), build: buildOf("index.html", "font.odd") })).rejects.toThrow(
      "font.odd",
    );
  });
});
