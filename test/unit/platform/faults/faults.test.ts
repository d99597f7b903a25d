import { describe, expect, it } from "vitest";
import * as exportFaults from "#bulk-export/language/export-faults.ts";
import { ClientKeyUnusable } from "#platform/faults/client-key-unusable.ts";
import * as platformFaults from "#platform/faults/faults.ts";

const { InvalidRequest, ServerUnavailable } = platformFaults;
const { exportFaultNames: faultNames } = exportFaults;

/** Said by the definition of the state machine, not thrown by a step. */
const namedByTheWorkflow = ["DeadlineExceeded"];

describe("the faults", () => {
  const classes = Object.entries({ ...platformFaults, ...exportFaults, ClientKeyUnusable }).filter(
    ([, value]) => typeof value === "function",
  ) as [string, new (...args: never[]) => Error][];

  it("the faults are a closed list, and each has its literal name", () => {
    expect([...classes.map(([name]) => name), ...namedByTheWorkflow].toSorted()).toEqual([...faultNames].toSorted());
    for (const [name, Fault] of classes) {
      const fault = name === "InvalidRequest" ? new InvalidRequest(["x"]) : new Fault(...(["words"] as never[]));
      expect(fault.name).toBe(name);
      expect(fault).toBeInstanceOf(Error);
    }
  });

  it("a fault keeps its cause", () => {
    const cause = new Error("cause");
    expect(new ServerUnavailable("words", { cause }).cause).toBe(cause);
    expect(new ServerUnavailable("words", { cause })).toMatchObject({ retryAfterMs: undefined, unexplained: false });
    expect(new InvalidRequest(["a", "b"], { cause })).toMatchObject({ message: "a; b", faults: ["a", "b"], cause });
  });
});
