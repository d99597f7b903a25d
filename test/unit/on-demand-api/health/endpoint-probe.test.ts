import { describe, expect, it } from "vitest";
import { endpointProbe } from "#on-demand-api/health/endpoint-probe.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import { answeringHttp } from "../../../fixtures/answering-http.ts";

const url = new URL("https://fhir.example/r4/token?provider=idx");
const endpoint = { url, isThere: (status: number) => status < 500 };

const refusingHttp = () => Promise.reject(new ServerUnavailable("no answer from https://fhir.example (ECONNREFUSED)"));

describe("the probe of an endpoint", () => {
  it("sends a GET without credentials, and says what came", async () => {
    const http = answeringHttp(() => ({ status: 405 }));
    expect(await endpointProbe({ http, now: () => 0 })(endpoint)).toEqual({
      verdict: "ok",
      seen: "https://fhir.example/r4/token answers (405)",
    });
    const sent = http.requests.map(({ method, url: to, headers, body }) => ({ method, to, headers, body }));
    expect(sent).toEqual([{ method: "GET", to: url, headers: {}, body: undefined }]);
  });

  it("has to answer with a status that shows that the endpoint is there", async () => {
    const probe = endpointProbe({ http: answeringHttp(() => ({ status: 503 })), now: () => 0 });
    expect(await probe(endpoint)).toMatchObject({
      verdict: "failed",
      seen: "https://fhir.example/r4/token answers with 503",
    });
  });

  it("that gets no answer is a finding", async () => {
    const probe = endpointProbe({ http: refusingHttp, now: () => 0 });
    expect(await probe(endpoint)).toMatchObject({
      verdict: "failed",
      seen: expect.stringContaining("ECONNREFUSED"),
    });
  });

  it("asks an endpoint once in 20 s, however often callers ask, so that the server does not block the bridge", async () => {
    let now = 0;
    const http: ReturnType<typeof answeringHttp> = answeringHttp(() => ({
      status: http.requests.length === 1 ? 200 : 500,
    }));
    const probe = endpointProbe({ http, now: () => now });
    await probe(endpoint);
    now = 19_999;
    expect((await probe(endpoint)).verdict).toBe("ok");
    await probe({ ...endpoint, url: new URL("https://fhir.example/other") });
    expect(http.requests).toHaveLength(2);
    now = 20_000;
    expect((await probe(endpoint)).verdict).toBe("failed");
    expect(http.requests).toHaveLength(3);
  });
});
