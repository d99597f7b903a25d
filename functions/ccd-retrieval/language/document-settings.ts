import * as z from "zod";

/** What the function that fetches documents has. The limits below follow from it. */
export const documentsFunction = { memoryMiB: 2048, tmpMiB: 512 } as const;

const root = z
  .string()
  .regex(
    /^(?:(?:urn:oid:)?[0-2](?:\.(?:0|[1-9]\d*))+|(?:urn:uuid:)?[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})$/i,
    "must be an OID (2.16.840.1.113883.3.9999.3) or a UUID",
  );

const count = (most: number, why: string) => z.number().int().min(1).max(most, `must be at most ${most}: ${why}`);
const half = documentsFunction.tmpMiB / 2;
const eighth = documentsFunction.memoryMiB / 8;

const limits = z
  .strictObject({
    /** MiB of what is downloaded for one request, as it comes. */
    answerMiB: count(half, `an answer may take half of the function's ${documentsFunction.tmpMiB} MiB of /tmp`).default(
      256,
    ),
    /** MiB of one document. */
    documentMiB: count(
      eighth,
      `a document is held in memory, at times twice, and the function has ${documentsFunction.memoryMiB} MiB`,
    ).default(50),
    /** MiB of all documents of a request together. */
    totalMiB: count(4096, "the function has 15 minutes to read and keep them all").default(1024),
    /** Entries of an archive, its folders included. */
    entries: count(2000, "the API lists the documents of a request in one answer, of 4.6 MB at most").default(2000),
  })
  .refine(({ documentMiB, totalMiB }) => documentMiB <= totalMiB, {
    message: "must be at least documentMiB: one document would not fit into all of them",
    path: ["totalMiB"],
  })
  .prefault({});

/** Which documents are taken, and for whose (docs/integra-notes.md, "A patient's documents"). */
export const documentSettings = z
  .strictObject({
    /**
     * The roots under which the server writes its patient id into documents. Absent: any root, but for those of numbers
     * that others give, since the guide names none. Set it as soon as one is known: a number that another clinic gave
     * another patient is then never taken for ours.
     */
    patientIdRoots: z.array(root).min(1, "must name a root, or be left out").optional(),
    /**
     * The person, after the id. `where-known`: what is known of both must not contradict itself. `required`: the date of
     * birth must be known of both, and be the same.
     */
    secondFactor: z.enum(["where-known", "required"]).default("where-known"),
    limits,
  })
  .prefault({});

export type DocumentSettings = z.infer<typeof documentSettings>;

/** How a document must name its patient. */
export type PatientRules = Pick<DocumentSettings, "patientIdRoots" | "secondFactor">;
