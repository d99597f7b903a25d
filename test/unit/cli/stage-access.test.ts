import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findStage } from "#cli/stage-access.ts";

const outputs = {
  awsEndpoint: "http://127.0.0.1:4566",
  region: "us-east-1",
  accessKeyId: "test",
  secretAccessKey: "test",
  settings: { integra: { baseUrl: "http://127.0.0.1:8080/" } },
  bucketName: "and others",
};

describe("how a command finds a stage", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "integra-bridge-stage-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const file = () => join(folder, "outputs.json");
  const running = () => writeFile(file(), JSON.stringify(outputs));

  it("the stage local is found by the file of npm run local, with the settings that it was deployed with", async () => {
    await running();
    for (const env of [{}, { AWS_ENDPOINT_URL: "http://127.0.0.1:4566/" }])
      expect(await findStage("local", file(), env)).toEqual({
        access: {
          endpoint: outputs.awsEndpoint,
          region: "us-east-1",
          credentials: { accessKeyId: "test", secretAccessKey: "test" },
        },
        overrides: outputs.settings,
      });
  });

  it("another local AWS that the environment names is found by the SDK", async () => {
    const byTheSdk = { access: {}, overrides: undefined };
    const env = { AWS_ENDPOINT_URL: "http://127.0.0.1:9999" };
    expect(await findStage("local", file(), env)).toEqual(byTheSdk);
    await running();
    expect(await findStage("local", file(), env)).toEqual(byTheSdk);
  });

  it("any other stage is found by the SDK, even while npm run local runs", async () => {
    await running();
    expect(await findStage("prod", file(), {})).toEqual({ access: {}, overrides: undefined });
  });

  it("if the stage local does not run, the error says how to start it", async () => {
    await expect(findStage("local", file(), {})).rejects.toThrow("npm run local");
  });
});
