import { afterEach, describe, expect, it } from "vitest";
import { deleteJob } from "#bulk-export/server/job-deletion.ts";
import { testClient } from "../../../fixtures/integra-client.ts";
import {
  says,
  startWireServer,
  type WatchedHttp,
  type WireReply,
  type WireServer,
  watchedHttp,
} from "../../../fixtures/wire-server.ts";

const fhir = { "content-type": "application/fhir+json" };
const outcome = (code: string, diagnostics: string): string =>
  JSON.stringify({ resourceType: "OperationOutcome", issue: [{ severity: "error", code, diagnostics }] });

const open: (WireServer | WatchedHttp)[] = [];
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

async function given(reply: WireReply) {
  const wire = await startWireServer(() => reply);
  const watched = watchedHttp();
  open.push(watched, wire);
  return { wire, client: testClient(watched.http, wire.origin), job: new URL("/jobs/7", wire.origin) };
}

describe("a DELETE", () => {
  it.each([200, 202, 204, 404, 410])("a DELETE that is answered by %i has succeeded", async (status) => {
    const { client, job, wire } = await given(says(status));
    await expect(deleteJob(client, job)).resolves.toBeUndefined();
    expect(wire.requests[0]).toMatchObject({ method: "DELETE", target: "/jobs/7" });
  });

  it.each([400, 403, 429, 500, 503])(
    "a DELETE that is answered by %i fails with the server's words",
    async (status) => {
      const { client, job } = await given(says(status, fhir, outcome("transient", "not now")));
      await expect(deleteJob(client, job)).rejects.toMatchObject({
        name: "ServerUnavailable",
        message: expect.stringContaining("not now") as string,
      });
    },
  );

  it("a DELETE that is refused twice with 401 is an AccessRefused", async () => {
    const { client, job, wire } = await given(says(401));
    await expect(deleteJob(client, job)).rejects.toMatchObject({ name: "AccessRefused" });
    expect(wire.requests).toHaveLength(2);
  });
});
