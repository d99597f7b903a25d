import { afterEach, describe, expect, it, vi } from "vitest";
import { integraClient } from "#bulk-export/server/backend-client.ts";
import { says, startWireServer, type WireServer } from "../../../fixtures/wire-server.ts";

describe("the client for the server of the environment", () => {
  const wires: WireServer[] = [];
  afterEach(async () => {
    vi.unstubAllEnvs();
    for (const wire of wires.splice(0)) await wire.close();
  });

  const started = async (): Promise<WireServer> => {
    const wire = await startWireServer(() => says(200));
    wires.push(wire);
    return wire;
  };

  it("the client connects to the configured server, and to no other private address", async () => {
    const [server, stranger] = [await started(), await started()];
    vi.stubEnv("INTEGRA_BASE_URL", server.origin);
    vi.stubEnv("INTEGRA_FILE_ORIGINS", JSON.stringify(["https://files.example"]));
    vi.stubEnv("CLIENT_SECRET", "integra-bridge/test/client");
    vi.stubEnv("AWS_REGION", "us-east-1");
    const client = integraClient();

    expect([...client.server.fileOrigins]).toEqual([server.origin, "https://files.example"]);
    const answer = await client.http({ method: "GET", url: new URL(server.origin), headers: {} });
    answer.body.destroy();
    const elsewhere = client.http({ method: "GET", url: new URL(stranger.origin), headers: {} });
    await expect(elsewhere).rejects.toMatchObject({ name: "OriginRefused" });
    expect(stranger.requests).toHaveLength(0);
  });
});
