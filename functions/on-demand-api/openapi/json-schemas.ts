import * as z from "zod";
import { outcomeBody, problemBody } from "#on-demand-api/language/api-problem.ts";
import { ccdRequestAnswer } from "#on-demand-api/language/ccd-request-messages.ts";

/** The JSON Schema of what callers send, as it is checked. */
export const schemaOf = (schema: z.ZodType): Record<string, unknown> => jsonSchema(schema, true);

/** The JSON Schema of what callers get: it may have further fields one day. */
const answerSchemaOf = (schema: z.ZodType): Record<string, unknown> => jsonSchema(schema, false);

function jsonSchema(schema: z.ZodType, strict: boolean): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io: "input",
    override: ({ jsonSchema: made }) => {
      // The format says it, in a tenth of the pattern's length.
      if (made.format === "date-time") delete made.pattern;
      // An integer's bounds are those of JavaScript, not ours.
      if (made.maximum === Number.MAX_SAFE_INTEGER) delete made.maximum;
      if (made.minimum === Number.MIN_SAFE_INTEGER) delete made.minimum;
      if (!strict) delete made.additionalProperties;
    },
  });
  return rest;
}

/** `components/schemas` */
export const schemas = {
  Resource: {
    type: "object",
    description: "A resource of FHIR R4; searches are answered by a Bundle, or by the one resource that was found.",
    required: ["resourceType"],
    properties: { resourceType: { type: "string" } },
  },
  CcdRequest: answerSchemaOf(ccdRequestAnswer),
  OperationOutcome: answerSchemaOf(outcomeBody),
  Problem: { description: "RFC 9457", ...answerSchemaOf(problemBody) },
  GatewayMessage: {
    type: "object",
    description: "What API Gateway says itself, where no function of the bridge was asked.",
    properties: { message: { type: "string" } },
  },
};

/** Content of one of these schemas. */
export const content = (type: string, schema: keyof typeof schemas): Record<string, object> => ({
  [type]: { schema: { $ref: `#/components/schemas/${schema}` } },
});
