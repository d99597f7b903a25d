import { afterEach, expect, test, vi } from "vitest";
import { startLocalAws } from "#local/local-aws/local-aws.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

test("startLocalAws uses the user's own AWS with their keys, and starts and stops no server", async () => {
  vi.stubEnv("AWS_ENDPOINT_URL", "http://localhost:4566");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "their key");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "their secret");
  const aws = await startLocalAws();
  expect(aws).toMatchObject({
    endpoint: "http://localhost:4566",
    region: "us-east-1",
    accessKeyId: "their key",
    secretAccessKey: "their secret",
  });
  expect(aws.env).toMatchObject({ AWS_ENDPOINT_URL: "http://localhost:4566", AWS_REGION: "us-east-1" });
  await aws.stop();
});
