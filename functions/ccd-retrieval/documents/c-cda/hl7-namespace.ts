/** HL7's namespace, of everything that CDA defines. */
export const hl7 = "urn:hl7-org:v3";
