import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { missingScopes } from "#user-session/smart/granted-scopes.ts";

describe("the scopes that are missing", () => {
  it.each<[string, string, string | undefined, string]>([
    ["all is granted if the answer has no scope", "patient/*.rs", undefined, ""],
    ["the same scope", "patient/Observation.rs", "openid patient/Observation.rs", ""],
    ["another type", "patient/Observation.rs", "patient/Condition.rs", "patient/Observation.rs"],
    ["every type", "patient/Observation.rs", "patient/*.rs", ""],
    ["one type of all", "patient/*.rs", "patient/Observation.rs", "patient/*.rs"],
    ["another level", "patient/Observation.rs", "user/Observation.rs", "patient/Observation.rs"],
    ["version 1 for version 2", "patient/Observation.rs", "patient/*.read", ""],
    ["version 2 for version 1", "patient/Observation.read", "patient/Observation.cruds", ""],
    ["a star for everything", "user/Patient.cruds", "user/*.*", ""],
    ["reading without searching", "patient/Observation.rs", "patient/Observation.r", "patient/Observation.rs"],
    ["two scopes together", "patient/Observation.rs", "patient/Observation.r patient/*.s", ""],
    [
      "a scope that is limited",
      "patient/Observation.rs",
      "patient/Observation.rs?category=lab",
      "patient/Observation.rs",
    ],
    ["the same limit", "patient/Observation.rs?category=lab", "patient/Observation.rs?category=lab", ""],
    ["scopes that other members prove", "openid fhirUser offline_access launch/patient", "", ""],
  ])("%s", (_, requested, granted, missing) => {
    expect(missingScopes(requested.split(" "), granted).join(" ")).toBe(missing);
  });

  const scope = fc
    .tuple(
      fc.constantFrom("patient", "user"),
      fc.constantFrom("*", "Patient", "Observation"),
      fc.constantFrom("read", "write", "*", "r", "rs", "cruds"),
    )
    .map(([level, type, permission]) => `${level}/${type}.${permission}`);

  it("are none if at least what was asked for is granted", () => {
    fc.assert(
      fc.property(fc.array(scope), fc.array(scope), (requested, more) => {
        expect(missingScopes(requested, [...more, ...requested].join(" "))).toEqual([]);
      }),
    );
  });

  it("only become fewer if more is granted", () => {
    fc.assert(
      fc.property(fc.array(scope), fc.array(scope), scope, (requested, granted, more) => {
        const before = missingScopes(requested, granted.join(" "));
        expect(before).toEqual(expect.arrayContaining(missingScopes(requested, [...granted, more].join(" "))));
      }),
    );
  });
});
