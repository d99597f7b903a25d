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

/**
 * Reads the parameter `after` of a list whose items have numbers; 0 if it is absent. Other parameters have no meaning.
 * @param item what an item is, for the problem
 * @throws ApiProblem (400) if it is not a number
 */
export function readNumberAfter(queryString: string, item: "document" | "file"): number {
  const after = new URLSearchParams(queryString).get(afterParameter) ?? "0";
  if (/^\d{1,6}$/.test(after)) return Number(after);
  throw new ApiProblem("The page is invalid", {
    status: 400,
    issue: "invalid",
    detail: `${afterParameter} must be the number of a ${item}. Follow the link \`next\` of the page before.`,
  });
}
