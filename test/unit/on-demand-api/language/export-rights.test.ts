import { describe, expect, it } from "vitest";
import { ApiProblem } from "#on-demand-api/language/api-problem.ts";
import { requireRight, rightsOf } from "#on-demand-api/language/export-rights.ts";

const session = "arn:aws:sts::111122223333:assumed-role/Analyst/anna";

describe("the rights of a caller", () => {
  it.each([
    ["a user by its ARN", "arn:aws:iam::111122223333:user/anna", "arn:aws:iam::111122223333:user/anna"],
    ["a session by its ARN", session, session],
    ["a session by its role", "arn:aws:iam::111122223333:role/Analyst", session],
    ["a session by its role with a path", "arn:aws:iam::111122223333:role/teams/data/Analyst", session],
    [
      "a role as one caller",
      "arn:aws:iam::111122223333:role/Analyst",
      "arn:aws:sts::111122223333:assumed-role/Analyst",
    ],
    ["a token by its subject", "anna", "https://issuer.example/#anna"],
    ["a token by a subject with a #", "anna#1", "https://issuer.example#anna#1"],
  ])("the settings name %s", (_, named, caller) => {
    expect([...rightsOf(caller, { ask: [named], cancel: [], read: [named] })]).toEqual(["ask", "read"]);
  });

  it.each([
    ["another session", "arn:aws:sts::111122223333:assumed-role/Analyst/bob", session],
    ["another role", "arn:aws:iam::111122223333:role/Analyst2", session],
    ["a role whose path ends like the name", "arn:aws:iam::111122223333:role/Analyst/Other", session],
    ["the role of another account", "arn:aws:iam::444455556666:role/Analyst", session],
    ["a user with the name of the role", "arn:aws:iam::111122223333:user/Analyst", session],
    ["part of a subject", "ann", "https://issuer.example#anna"],
    ["the end of a subject", "1", "https://issuer.example#anna#1"],
    ["everybody", "*", session],
    ["nothing", "", "https://issuer.example#anna"],
  ])("the settings that name %s do not name the caller", (_, named, caller) => {
    expect(rightsOf(caller, { ask: [named], cancel: [named], read: [named] }).size).toBe(0);
  });

  it("whoever has one right may see exports, and lacks the others in words", () => {
    const own = new Set(["cancel"] as const);
    expect(() => {
      requireRight(own, "see");
      requireRight(own, "cancel");
    }).not.toThrow();
    expect(() => requireRight(own, "read")).toThrow(ApiProblem);
    expect(() => requireRight(new Set(), "see")).toThrow("may not");
  });
});
