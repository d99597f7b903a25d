/** The forms in which a document is served: as it came, as a page for people, or converted to FHIR. */
export const servedForms = ["xml", "html", "fhir"] as const;
export type ServedForm = (typeof servedForms)[number];

/** The media types of each form. The first form is served if the caller accepts both alike. */
export const formsByMediaType = {
  "application/xml": "xml",
  "text/xml": "xml",
  "text/html": "html",
  "application/fhir+json": "fhir",
} as const satisfies Record<string, ServedForm>;
