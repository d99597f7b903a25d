import { describe, expect, it } from "vitest";
import * as z from "zod";
import { environment, jsonVariable } from "#platform/lambda/environment.ts";

const schema = z.object({
  BUCKET: z.string().min(1),
  BASE_URL: z.url(),
  HOURS: z.coerce.number().positive(),
  TYPES: jsonVariable(z.array(z.string())),
  OPTIONAL: z.string().optional(),
});
const complete = { BUCKET: "b", BASE_URL: "https://portal.example", HOURS: "36", TYPES: '["Patient"]' };

function faultOf(variables: Record<string, string | undefined>): string {
  try {
    environment(schema, variables);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("the environment was taken");
}

describe("a function's environment", () => {
  it("an environment is read with its numbers and its JSON", () => {
    expect(environment(schema, complete)).toEqual({
      BUCKET: "b",
      BASE_URL: "https://portal.example",
      HOURS: 36,
      TYPES: ["Patient"],
    });
  });

  it("one error names every variable that is missing", () => {
    const message = faultOf({});
    for (const name of ["BUCKET", "BASE_URL", "HOURS", "TYPES"]) expect(message).toContain(`${name} is missing`);
    expect(message).not.toContain("OPTIONAL");
  });

  it("an error distinguishes missing variables from malformed ones", () => {
    const message = faultOf({ ...complete, BUCKET: undefined, BASE_URL: "nowhere", HOURS: "-1" });
    expect(message).toContain("BUCKET is missing");
    expect(message).toContain("BASE_URL is malformed");
    expect(message).toContain("HOURS is malformed");
    expect(message).not.toContain("TYPES");
  });

  it.each(["[1]", "{", '"Patient"'])("%s is not accepted as a list of texts", (text) => {
    expect(faultOf({ ...complete, TYPES: text })).toContain("TYPES is malformed");
  });

  it("the environment is process.env by default", () => {
    expect(environment(z.object({ PATH: z.string() })).PATH).toBe(process.env["PATH"]);
  });
});
