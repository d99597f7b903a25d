import * as z from "zod";

/** The memory and the /tmp of the function `fetch-ccds`. The limits below follow from them. */
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
    /** MiB of one download, as it arrives. */
    answerMiB: count(half, `an answer may take half of the function's ${documentsFunction.tmpMiB} MiB of /tmp`).default(
      256,
    ),
    /** MiB of one document. */
    documentMiB: count(
      eighth,
      `the function holds a document in memory, at times twice, and has ${documentsFunction.memoryMiB} MiB`,
    ).default(50),
    /** MiB of all documents of a CCD request together. */
    totalMiB: count(4096, "the function has 15 minutes to read and store them all").default(1024),
    /** Entries of an archive, including its folders. */
    entries: count(2000, "the API reads the list of a request's documents as a whole, up to 20 MB").default(2000),
  })
  .refine(({ documentMiB, totalMiB }) => documentMiB <= totalMiB, {
    message: "must be at least documentMiB: the limit of all documents cannot be below the limit of one",
    path: ["totalMiB"],
  })
  .prefault({});

/** Which documents the bridge accepts, and how a document proves its patient (docs/integra-notes.md, "A patient's documents"). */
export const documentSettings = z
  .strictObject({
    /**
     * The roots under which the server writes its patient id into documents. The guide names none. If it is absent, any root
     * counts, except the roots of numbers that states and agencies issue. Set it as soon as a root is known: a number that
     * another clinic gave to another patient can then never match.
     */
    patientIdRoots: z.array(root).min(1, "must name at least one root, or be absent").optional(),
    /**
     * How the person is compared once the id matches. `where-known`: no known detail may contradict the Patient. `required`:
     * document and Patient must both have the date of birth, and it must be the same.
     */
    secondFactor: z.enum(["where-known", "required"]).default("where-known"),
    limits,
  })
  .prefault({});

export type DocumentSettings = z.infer<typeof documentSettings>;

/** How a document must identify its patient. */
export type PatientRules = Pick<DocumentSettings, "patientIdRoots" | "secondFactor">;
