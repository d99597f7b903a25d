import { beforeEach, describe, expect, it } from "vitest";
import { Session, type SessionState } from "#console/src/sign-in/session.ts";

const minute = 60_000;

describe("a session of the console", () => {
  let now: number;
  let session: Session;
  let states: SessionState[];

  beforeEach(() => {
    now = 1_000_000;
    session = new Session(15, () => now);
    states = [];
    session.onChange(() => states.push(session.state));
    session.begin({ accessToken: "token", expiresAt: now + 60 * minute, user: "clara" });
  });

  const passMinutes = (minutes: number) => {
    now += minutes * minute;
    session.check();
  };

  it("has its token until the user leaves", () => {
    expect(session.token()).toBe("token");
    session.end("left");
    expect(session.token()).toBeUndefined();
    expect(states.at(-1)).toEqual({ kind: "signed-out", reason: "left" });
  });

  it("warns a minute before an idle user is signed out, and takes the warning back if the user does something", () => {
    passMinutes(13.9);
    expect(session.state).toMatchObject({ idleSoon: false });
    passMinutes(0.2);
    expect(session.state).toMatchObject({ kind: "signed-in", idleSoon: true });
    session.touch();
    expect(session.state).toMatchObject({ kind: "signed-in", idleSoon: false });
    passMinutes(15);
    expect(session.state).toEqual({ kind: "signed-out", reason: "idle" });
  });

  it("is over when a machine wakes after the idle time, even if a key woke it", () => {
    now += 16 * minute;
    session.touch();
    expect(session.state).toEqual({ kind: "signed-out", reason: "idle" });
    expect(session.token()).toBeUndefined();
  });

  it("ends with its token, whatever the user does", () => {
    for (let passed = 0; passed < 60; passed += 10) {
      expect(session.token()).toBe("token");
      now += 10 * minute;
      session.touch();
    }
    expect(session.state).toEqual({ kind: "signed-out", reason: "expired" });
  });

  it("of a token without a known end lasts as long as the user does something", () => {
    session.begin({ accessToken: "endless", expiresAt: undefined, user: undefined });
    for (let passed = 0; passed < 24 * 60; passed += 10) {
      now += 10 * minute;
      session.touch();
    }
    expect(session.token()).toBe("endless");
  });

  it("tells a token that the API refuses from one that expired", () => {
    session.refuse();
    expect(session.state).toEqual({ kind: "signed-out", reason: "refused" });
    session.begin({ accessToken: "other", expiresAt: now + minute, user: undefined });
    now += 2 * minute;
    session.refuse();
    expect(session.state).toEqual({ kind: "signed-out", reason: "expired" });
  });

  it("tells a listener nothing after it has left", () => {
    let calls = 0;
    const leave = session.onChange(() => {
      calls += 1;
    });
    leave();
    session.end("left");
    expect(calls).toBe(0);
  });
});
