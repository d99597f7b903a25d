import type * as z from "zod";
import { ApiProblem } from "./api-problem.ts";

/** The parameter that says behind which place a page of a list begins. */
export const afterParameter = "after";

/** A place in a list, as the link `next` of a page has it. */
export const encodePlace = (place: string): string => Buffer.from(place).toString("base64url");

/**
 * Reads a place in a list.
 * @param after the parameter `after` of a call; undefined or null if it is absent
 * @throws ApiProblem (400) if the bridge made no such value
 */
export function readPlace(after: string | null | undefined, schema: z.ZodType<string>): string | undefined {
  if (after === null || after === undefined) return undefined;
  const place = schema.safeParse(Buffer.from(after, "base64url").toString("utf8"));
  if (place.success) return place.data;
  throw new ApiProblem("The page is invalid", {
    status: 400,
    issue: "invalid",
    detail: `The bridge did not give you this ${afterParameter}. Follow the link \`next\` of the page before.`,
  });
}
