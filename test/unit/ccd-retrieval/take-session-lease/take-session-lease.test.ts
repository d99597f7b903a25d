import { beforeEach, describe, expect, it } from "vitest";
import type { CcdContext, SessionLease } from "#ccd-retrieval/language/ccd-state.ts";
import { releaseSessionLease } from "#ccd-retrieval/release-session-lease/release-session-lease.ts";
import { takeSessionLease } from "#ccd-retrieval/take-session-lease/take-session-lease.ts";
import { type CcdsInMemory, ccdsInMemory, other, own, ownContext } from "../../../fixtures/ccds-in-memory.ts";

const otherContext: CcdContext = { ...ownContext, requestId: other };

describe("the session's lease", () => {
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

  it("is ours where nobody has it, and stays ours when the step is repeated", async () => {
    expect((await take(ownContext)).outcome).toBe("ours");
    expect((await take(ownContext)).outcome).toBe("ours");
  });

  it("is waited for while another request's execution runs, and less often each time", async () => {
    await take(ownContext);
    const first = await take(otherContext);
    expect(first).toMatchObject({ outcome: "waiting", waitSeconds: 2, tries: 1 });
    expect(await take(otherContext, first)).toMatchObject({ outcome: "waiting", waitSeconds: 3, tries: 2 });
    // A turn is short: the session does not lie idle for long.
    expect(await take(otherContext, { ...first, tries: 30 })).toMatchObject({ waitSeconds: 5, tries: 31 });
    bridge.clock.now += 30 * 86_400_000;
    expect((await take(otherContext)).outcome).toBe("waiting");
  });

  it("is the next request's once it is given back, and only its holder gives it back", async () => {
    await take(ownContext);
    const release = releaseSessionLease(bridge);
    expect(await release({ request: otherContext }, bridge.stepContext)).toEqual({ released: false });
    expect((await take(otherContext)).outcome).toBe("waiting");
    expect(await release({ request: ownContext }, bridge.stepContext)).toEqual({ released: true });
    expect((await take(otherContext)).outcome).toBe("ours");
  });

  it("falls to the next where its holder's execution ended without giving it back", async () => {
    await take(ownContext);
    bridge.executions.end(own, "ended");
    expect((await take(otherContext)).outcome).toBe("ours");
    expect(bridge.logged.join()).toContain("took the session over");
  });

  it("of one session is no matter of another", async () => {
    await take(ownContext);
    expect((await take({ ...otherContext, sessionId: "another" })).outcome).toBe("ours");
  });
});
