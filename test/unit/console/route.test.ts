import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hrefOf, routeOf } from "#console/src/route.ts";

describe("the addresses of the console", () => {
  it.each([
    ["", "exports"],
    ["#/patients", "patients"],
    ["#/links", "links"],
    ["#/health", "health"],
    ["#/unknown", "exports"],
    ["#/exports/one/two", "exports"],
  ])("%s leads to %s", (hash, page) => {
    expect(routeOf(hash)).toEqual({ page, exportId: undefined });
  });

  it("an export has an address of its own, whatever its id", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: "grapheme" }), (exportId) => {
        expect(routeOf(hrefOf("exports", exportId))).toEqual({ page: "exports", exportId });
      }),
    );
  });

  it("only exports have an id in their address: nothing of a patient can be there", () => {
    expect(routeOf("#/patients/25000000001")).toEqual({ page: "patients", exportId: undefined });
  });

  it("no address breaks the console", () => {
    fc.assert(fc.property(fc.string(), (hash) => void routeOf(hash)));
    expect(routeOf("#/exports/%E0%A4%A").exportId).toBeUndefined();
  });
});
