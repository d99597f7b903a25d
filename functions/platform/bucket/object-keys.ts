/*
 * The keys of the landing bucket and the audit bucket, in one place for functions and policies. A wing declares each kind of its objects as a
 * template in its language, such as `work/{exportId}/job.json`. Functions fill a template in, and IAM policies use its pattern.
 */

/** The prefixes of the landing bucket, by what the objects are. Each has a retention of its own. */
export const bucketPrefixes = {
  /** Complete files and summaries of exports, for consumers. */
  exports: "exports/",
  /** The bridge's own records. */
  work: "work/",
  /** Documents that proved to be the right patient's. */
  ccds: "ccds/",
  /** Pages of documents that are too large for a response. They are derived from the documents, and kept for a day. */
  pages: "pages/",
  /** Answers that the bridge refused. */
  quarantine: "quarantine/",
  /** Audit facts that releases up to 0.2.0 recorded. Newer ones are in the audit bucket. */
  audit: "audit/",
} as const;

/** The prefixes of the audit bucket, by what its objects record. */
export const auditPrefixes = {
  /** The facts about each run of an export. */
  exports: "exports/",
  /** The facts about each CCD request. */
  ccds: "ccds/",
  /** The calls of the API. */
  access: "access/",
} as const;

/** The prefix in the audit bucket of what CloudTrail records about reads. The bridge itself neither writes nor reads below it. */
export const readsPrefix = "reads/";

type Placeholder<Template extends string> = Template extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholder<Rest>
  : never;

/** The values of a template's placeholders. */
type Values<Template extends string> = Record<Placeholder<Template>, string>;

/** The key of an object: the template with every placeholder filled in. */
export function objectKey<Template extends string>(template: Template, values: Values<Template>): string {
  return filledIn(template, values);
}

/**
 * The pattern of a template's keys for an IAM policy. A placeholder without a value becomes `*`. A value may contain `*`
 * itself: `{ fact: "told*" }`.
 */
export function keyPattern<Template extends string>(
  template: Template,
  values: Partial<Values<Template>> = {},
): string {
  return filledIn(template, values, "*");
}

function filledIn(template: string, values: Readonly<Record<string, string | undefined>>, otherwise?: string): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name] ?? otherwise;
    if (value === undefined) throw new Error(`the key ${template} needs a value for ${name}`);
    return value;
  });
}

/** The patterns of several templates, by their names. */
export const keyPatterns = <Name extends string>(templates: Readonly<Record<Name, string>>): Record<Name, string> =>
  Object.fromEntries(
    Object.entries<string>(templates).map(([name, template]) => [name, keyPattern(template)]),
  ) as Record<Name, string>;
