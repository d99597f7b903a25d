import { describe, expect, it } from "vitest";
import { exportFaultNames } from "#bulk-export/language/export-faults.ts";
import {
  ReadRefused,
  SessionDead,
  SessionSecretUnusable,
  sessionFaultNames,
} from "#user-session/language/session-faults.ts";

const cause = new Error("cause");
const faults = [
  new SessionSecretUnusable("words", { cause }),
  new SessionDead("words", { refusal: "client-refused", cause }),
  new ReadRefused("words", { refusal: "forbidden", status: 403, diagnostics: "for the caller", cause }),
];

describe("the faults of users' sessions and reads", () => {
  it("are the closed list, each under its literal name, and none is another's", () => {
    expect(faults.map(({ name }) => name)).toEqual([...sessionFaultNames]);
    expect(sessionFaultNames.filter((name) => (exportFaultNames as readonly string[]).includes(name))).toEqual([]);
  });

  it("keep their cause, and what they know", () => {
    for (const fault of faults) expect(fault).toMatchObject({ message: "words", cause });
    expect(faults[1]).toMatchObject({ refusal: "client-refused" });
    expect(faults[2]).toMatchObject({ refusal: "forbidden", status: 403, diagnostics: "for the caller" });
  });
});
