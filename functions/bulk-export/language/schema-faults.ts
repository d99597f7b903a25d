import type * as z from "zod";

/** The faults of a value, as messages for people. Each names the field, and never quotes its value. */
export function schemaFaults(error: z.ZodError): string[] {
  const mistyped = new Set(error.issues.filter(({ code }) => code === "invalid_type").map(placeOf));
  // Zod measures the length of anything that has one: an object with a `length` of 0 would be called empty, too.
  const issues = error.issues.filter((issue) => issue.code === "invalid_type" || !mistyped.has(placeOf(issue)));
  return issues.flatMap((issue) => issueFaults(issue, issue.path.map(String)));
}

function issueFaults(issue: z.core.$ZodIssue, path: string[]): string[] {
  const field = path.join(".") || "the request";
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => `${[...path, fieldName(key)].join(".")}: is not a known field`);
    case "invalid_type":
      return [`${field}: ${expectation(issue.expected)}`];
    case "invalid_value":
      return [`${field}: must be one of ${issue.values.join(", ")}`];
    case "invalid_union":
      // The last alternative is the general one, so its faults explain the most.
      return (issue.errors.at(-1) ?? []).flatMap((inner) => issueFaults(inner, [...path, ...inner.path.map(String)]));
    case "too_small":
      return [`${field}: is empty`];
    case "too_big":
      return [`${field}: is too long`];
    default:
      return [`${field}: ${issue.message}`];
  }
}

function expectation(expected: string): string {
  if (expected === "object") return "must be a JSON object";
  return expected === "array" ? "must be a list" : `must be a ${expected}, or is missing`;
}

/** The name of an unknown field may hold anything, even a patient's name. It is quoted only if it is a plain word. */
const fieldName = (key: string): string => (/^[\w-]{1,64}$/.test(key) ? key : "(a field of another form)");

const placeOf = ({ path }: z.core.$ZodIssue): string => JSON.stringify(path.map(String));
