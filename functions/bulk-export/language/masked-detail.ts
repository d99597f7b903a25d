import type * as z from "zod";
import { exportRequestDetail } from "./export-request.ts";

type Json = z.infer<ReturnType<typeof z.json>>;

/** A field that the contract does not know may be named anything, a patient even: only words are repeated. */
const fieldName = /^[\w-]{1,64}$/;

/** Values of the form that a field is made for, whether or not they are accepted in the end. */
const wellFormed: Record<keyof typeof exportRequestDetail.shape, (text: string) => boolean> = {
  level: (text) => exportRequestDetail.shape.level.safeParse(text).success,
  groupId: (text) => /^[\w.-]{1,64}$/.test(text),
  types: (text) => /^\w{1,64}$/.test(text),
  since: (text) =>
    text === "last-completed" || /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(text),
  outputFormat: (text) => exportRequestDetail.shape.outputFormat.safeParse(text).success,
  requestId: (text) => exportRequestDetail.shape.requestId.safeParse(text).success,
};

/**
 * A request's detail as it may be written down: an execution's history keeps its input for months, readable by many, and
 * whoever sends a wrong request may have put a patient into it. Values of another form than their field's, and everything
 * in fields that the contract does not know, are masked so that validation finds the same faults in it: a string stays as
 * long as it was. Nothing of a request that is valid changes.
 */
export function maskedDetail(detail: Json): Json {
  if (typeof detail !== "object" || detail === null || Array.isArray(detail)) return null;
  return Object.fromEntries(
    Object.entries(detail).map(([name, value]) => {
      if (Object.hasOwn(wellFormed, name)) return [name, masked(value, wellFormed[name as keyof typeof wellFormed])];
      return [fieldName.test(name) ? name : mask(name), null];
    }),
  );
}

function masked(value: Json, keeps: (text: string) => boolean): Json {
  if (typeof value === "string") return keeps(value) ? value : mask(value);
  if (Array.isArray(value)) return value.map((item) => masked(item, keeps));
  if (typeof value === "number") return 0;
  return typeof value === "object" && value !== null ? {} : value;
}

const mask = (text: string): string => "·".repeat(text.length);
