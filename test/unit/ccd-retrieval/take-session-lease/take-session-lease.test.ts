import { beforeEach, describe, expect, it } from "vitest";
import type { CcdContext, SessionLease } from "#ccd-retrieval/language/ccd-state.ts";
import { sessionLeaseName } from "#ccd-retrieval/language/session-lease.ts";
import { takeSessionLease } from "#ccd-retrieval/take-session-lease/take-session-lease.ts";
import { settlingTimeMs } from "#platform/executions/is-over.ts";
import { type CcdsInMemory, ccdsInMemory, other, own, ownContext } from "#test/fixtures/ccds-in-memory.ts";

const otherContext: CcdContext = { ...ownContext, requestId: other };

describe("take-session-lease", () => {
  let bridge: CcdsInMemory;
  let nonces: number;
  beforeEach(async () => {
    bridge = ccdsInMemory();
    nonces = 0;
    for (const name of [own, other]) await bridge.executions.start(name, {});
  });

  const take = (request: CcdContext, lease?: SessionLease) => {
    const step = takeSessionLease({ ...bridge, nonce: () => `n${(nonces += 1)}` });
    return step({ request, lease }, bridge.stepContext);
  };

  /** The state machine releases it: test/workflow/release-leases.test.ts holds it to the same condition. */
  const release = ({ sessionId, requestId }: CcdContext) =>
    bridge.leases.release(sessionLeaseName(sessionId), requestId);

  it("a free session lease is taken, and a repeated step keeps it", async () => {
    expect((await take(ownContext)).outcome).toBe("ours");
    expect((await take(ownContext)).outcome).toBe("ours");
  });

  it("a CCD request waits for the lease while the holder's execution runs, longer after each attempt", async () => {
    await take(ownContext);
    const first = await take(otherContext);
    expect(first).toMatchObject({ outcome: "waiting", waitSeconds: 2, tries: 1 });
    expect(await take(otherContext, first)).toMatchObject({ outcome: "waiting", waitSeconds: 3, tries: 2 });
    // One request has the session for a short time, so the waits stay short.
    expect(await take(otherContext, { ...first, tries: 30 })).toMatchObject({ waitSeconds: 5, tries: 31 });
    bridge.clock.now += 30 * 86_400_000;
    expect((await take(otherContext)).outcome).toBe("waiting");
  });

  it("a released lease goes to the next CCD request, and only its holder can release it", async () => {
    await take(ownContext);
    expect(await release(otherContext)).toBe(false);
    expect((await take(otherContext)).outcome).toBe("waiting");
    expect(await release(ownContext)).toBe(true);
    expect((await take(otherContext)).outcome).toBe("ours");
  });

  it("the lease of an execution that ended without releasing it passes to the next CCD request", async () => {
    await take(ownContext);
    bridge.executions.end(own, "ended");
    expect((await take(otherContext)).outcome).toBe("ours");
    expect(bridge.logged.join()).toContain("SESSION_LEASE_TAKEN_OVER");
  });

  it("the lease of an execution that Step Functions does not know passes on only after some minutes", async () => {
    await take(ownContext);
    bridge.executions.known.delete(own);
    bridge.clock.now += settlingTimeMs - 1;
    expect((await take(otherContext)).outcome).toBe("waiting");
    bridge.clock.now += 1;
    expect((await take(otherContext)).outcome).toBe("ours");
  });

  it("the lease of one session does not block another session", async () => {
    await take(ownContext);
    expect((await take({ ...otherContext, sessionId: "another" })).outcome).toBe("ours");
  });
});
