/** The forms in which a document is served: as it came, or as a page for people. */
export const servedForms = ["xml", "html"] as const;
export type ServedForm = (typeof servedForms)[number];

/** The media types of each form. The first form is served if the caller accepts both alike. */
export const formsByMediaType = {
  "application/xml": "xml",
  "text/xml": "xml",
  "text/html": "html",
} as const satisfies Record<string, ServedForm>;
