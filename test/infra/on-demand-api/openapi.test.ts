import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, test } from "vitest";
import { routeOf } from "#on-demand-api/language/api-routes.ts";
import { fhirResourceTypes } from "#on-demand-api/language/fhir-resource-types.ts";
import { usCoreType } from "#on-demand-api/language/us-core-types.ts";
import { handler } from "#on-demand-api/openapi/handler.ts";
import { openApiDocument, renderOpenApi } from "#on-demand-api/openapi/openapi.ts";
import { synthesised } from "../synthesised.ts";

interface Operation {
  operationId: string;
  description?: string;
  security?: object[];
  parameters?: { name: string; in: string; required?: boolean; schema: { enum?: string[] } }[];
}

const paths = openApiDocument()["paths"] as Record<string, Record<string, Operation>>;
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ key: `${method.toUpperCase()} ${path}`, path, operation })),
);

const parametersOf = (path: string) => paths[path]?.["get"]?.parameters ?? [];

describe("the API's description", () => {
  test("the description is valid OpenAPI 3.1, and each of its references resolves", async () => {
    const validator = new Validator();
    // The validator gets a copy, because it writes into the document when it resolves references.
    expect(await validator.validate(structuredClone(openApiDocument()))).toEqual({ valid: true });
    expect(validator.version).toBe("3.1");
    expect(validator.resolveRefs()).toHaveProperty("paths");
  });

  test("the validator finds an error in a broken description", async () => {
    const broken = { ...openApiDocument(), paths: { "/x": { get: { responses: { ok: {} } } } } };
    expect((await new Validator().validate(structuredClone(broken))).valid).toBe(false);
  });

  test("docs/openapi.json and the served description are up to date (npm run docs writes the file)", async () => {
    const file = join(import.meta.dirname, "..", "..", "..", "docs", "openapi.json");
    expect(await readFile(file, "utf8")).toBe(renderOpenApi());
    const { statusCode, headers, body } = await handler();
    expect([statusCode, headers?.["content-type"]]).toEqual([200, "application/json"]);
    expect(Buffer.from(body ?? "", "base64").toString("utf8")).toBe(renderOpenApi());
  });

  test.each(["prod", "prod with every option"] as const)(
    "the description has the routes that %s deploys, and no other",
    (variant) => {
      const routes = synthesised(variant)
        .resources("AWS::ApiGatewayV2::Route")
        .map(({ Properties }) => Properties);
      // Routes for callers with a token are described as the same route for signed calls.
      const keys = routes.map((route) => routeOf(String(route["RouteKey"])).route);
      expect(new Set(operations.map(({ key }) => key))).toEqual(new Set(keys));
      const open = routes.filter((route) => route["AuthorizationType"] === "NONE").map((route) => route["RouteKey"]);
      expect(operations.filter(({ operation }) => operation.security?.length === 0).map(({ key }) => key)).toEqual(
        open,
      );
    },
  );

  test("each operation has an id of its own, and each placeholder of a path is a described parameter", () => {
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length);
    for (const { path, operation } of operations) {
      const placeholders = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const described = (operation.parameters ?? []).filter((parameter) => parameter.in === "path");
      expect(described.map(({ name }) => name)).toEqual(placeholders);
      expect(described.every(({ required }) => required)).toBe(true);
    }
  });

  test("the search by US Core names the canonical URL of each of the guide's 26 profiles", () => {
    const text = paths["/fhir/us-core/{resourceType}"]?.["get"]?.description ?? "";
    const named = text.match(/http:\/\/hl7\.org\/fhir\/us\/core\/StructureDefinition\/[a-z-]+/g) ?? [];
    expect(new Set(named).size).toBe(26);
    expect(named).toContain("http://hl7.org/fhir/us/core/StructureDefinition/us-core-condition");
    expect(text).toContain("- Goal: http://hl7.org/fhir/us/core/StructureDefinition/us-core-goal\n");
  });

  test("the types and the parameters of a patient search come from the schemas that check them", () => {
    expect(parametersOf("/fhir/{resourceType}")[0]?.schema.enum).toEqual(fhirResourceTypes);
    expect(parametersOf("/fhir/us-core/{resourceType}")[0]?.schema.enum).toEqual(usCoreType.options);
    expect(parametersOf("/fhir/Patient").map(({ name }) => name)).toEqual([
      "family",
      "given",
      "gender",
      "birthdate",
      "phone",
      "email",
      "_cursor",
    ]);
  });
});
