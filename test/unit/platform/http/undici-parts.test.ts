import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Agent, buildConnector, Dispatcher, Pool } from "undici";
import { describe, expect, it } from "vitest";
import * as parts from "#platform/http/undici-parts.ts";

describe("the parts of undici that the bridge loads by their files", () => {
  it("are what the package exports", () => {
    expect(parts.Agent).toBe(Agent);
    expect(parts.Pool).toBe(Pool);
    expect(parts.buildConnector).toBe(buildConnector);
    expect(parts.request).toBe(Reflect.get(Dispatcher.prototype, "request"));
  });

  it("are pinned to an exact version, because the paths of files are no public interface", () => {
    const { dependencies } = JSON.parse(
      readFileSync(fileURLToPath(new URL("../../../../package.json", import.meta.url)), "utf8"),
    ) as { dependencies: Record<string, string> };
    expect(dependencies["undici"]).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
