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
  new SessionSecretUnusable("message", { cause }),
  new SessionDead("message", { refusal: "client-refused", cause }),
  new ReadRefused("message", { refusal: "forbidden", status: 403, diagnostics: "for the caller", cause }),
];

describe("the faults of user sessions", () => {
  it("the faults of user sessions have the literal names of their list, which no export fault has", () => {
    expect(faults.map(({ name }) => name)).toEqual([...sessionFaultNames]);
    expect(sessionFaultNames.filter((name) => (exportFaultNames as readonly string[]).includes(name))).toEqual([]);
  });

  it("the faults of user sessions keep their cause and their details", () => {
    for (const fault of faults) expect(fault).toMatchObject({ message: "message", cause });
    expect(faults[1]).toMatchObject({ refusal: "client-refused" });
    expect(faults[2]).toMatchObject({ refusal: "forbidden", status: 403, diagnostics: "for the caller" });
  });
});
