import type * as z from "zod";
import { exportRequestDetail } from "./export-request.ts";

type Json = z.infer<ReturnType<typeof z.json>>;

/** The name of an unknown field may hold anything, even a patient's name. It is kept only if it is a plain word. */
const fieldName = /^[\w-]{1,64}$/;

/** Whether a value has the form of its field. The settings may still refuse such a value. */
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
 * Masks a request's detail, so that it may be stored. An execution's history keeps its input for months and many people can
 * read it, and an invalid request may name a patient. Two things are masked: values that do not have the form of their
 * field, and everything in unknown fields. Validation finds the same faults in the masked detail, because a masked string
 * keeps its length. A valid detail stays as it is.
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
