import { devNull } from "node:os";
import { describe, expect, test } from "vitest";
import {
  cleanEnvironment,
  clientEnvironment,
  serverEnvironment,
  userEnvironment,
} from "#local/local-aws/environment.ts";

const surroundings = {
  PATH: "/usr/bin",
  HOME: "/home/someone",
  AWS_ENDPOINT_URL: "https://elsewhere.example",
  AWS_ENDPOINT_URL_S3: "https://elsewhere.example",
  AWS_PROFILE: "work",
  AWS_SESSION_TOKEN: "a session",
  AWS_ACCESS_KEY_ID: "their key",
  AWS_SECRET_ACCESS_KEY: "their secret",
  NODE_EXTRA_CA_CERTS: "/etc/ca.pem",
  NODE_OPTIONS: "--inspect",
  VITEST: "true",
  VITEST_WORKER_ID: "1",
  MINISTACK_HOST: "elsewhere.example",
};

describe("cleanedEnvironment", () => {
  test("the cleaned environment has no variables of AWS, Node or the test runner", () => {
    expect(Object.keys(cleanEnvironment(surroundings)).toSorted()).toEqual(["HOME", "PATH"]);
  });

  test("the cleaned environment has the project's own Node first on PATH", () => {
    expect(cleanEnvironment(surroundings)["PATH"]).toMatch(/\/node_modules\/\.bin:\/usr\/bin$/);
  });
});

describe("the embedded server's environment", () => {
  const server = serverEnvironment(
    { port: 4567, scratch: "/tmp/scratch", waitScale: 0.5, enforceIam: false, concurrentExecutions: 10 },
    surroundings,
  );

  test("the embedded server binds only the loopback and opens no other port", () => {
    expect(server).toMatchObject({ GATEWAY_PORT: "4567", BIND_HOST: "127.0.0.1", IOT_MTLS_ENABLED: "0" });
  });

  test("the embedded server's environment has its settings", () => {
    expect(server).toMatchObject({ AUTH: "false", SFN_WAIT_SCALE: "0.5", TMPDIR: "/tmp/scratch" });
    expect(server).toMatchObject({ LAMBDA_ACCOUNT_CONCURRENCY: "10" });
  });

  test("the embedded server's environment has no endpoint, so that each Lambda gets this server's", () => {
    expect(Object.keys(server).filter((name) => name.startsWith("AWS_ENDPOINT_URL"))).toEqual([]);
  });

  test("the embedded server has its own administrator keys, independent of the user's", () => {
    expect(server).toMatchObject({ AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" });
    expect(server).not.toHaveProperty("AWS_SESSION_TOKEN");
  });
});

test("clients of the embedded server read no profile and use no proxy", () => {
  expect(clientEnvironment("http://127.0.0.1:4567")).toMatchObject({
    AWS_ENDPOINT_URL: "http://127.0.0.1:4567",
    AWS_REGION: "us-east-1",
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_CONFIG_FILE: devNull,
    CI: "1",
    NO_PROXY: "127.0.0.1,localhost",
  });
});

describe("the environment for an AWS of the user's own", () => {
  test("the environment for the user's own AWS has all their AWS variables and no others", () => {
    const { HOME, ...user } = userEnvironment(surroundings);
    expect(HOME).toBeUndefined();
    expect(user).toMatchObject({
      AWS_ENDPOINT_URL: "https://elsewhere.example",
      AWS_PROFILE: "work",
      AWS_ACCESS_KEY_ID: "their key",
      NODE_EXTRA_CA_CERTS: "/etc/ca.pem",
    });
  });

  test("the environment for the user's own AWS has default keys if they have none", () => {
    expect(userEnvironment({})).toMatchObject({ AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" });
  });
});
