import type { UsableLink } from "../../api/links.ts";
import type { FoundPatient, PatientPage } from "../../api/patients.ts";

/** What the user works on. It is in memory only, and survives a look at another page. */
export interface CcdDesk {
  /** The link under which the user searches and requests; undefined for the stage's own session. */
  link: UsableLink | undefined;
  /** What was found under that link. */
  found: PatientPage | undefined;
  /** The newest first. */
  requests: AskedCcds[];
  reading: OpenDocument | undefined;
}

/** CCDs that the user requested since signing in. */
export interface AskedCcds {
  requestId: string;
  patient: FoundPatient;
  /** The link under which they were requested. */
  link: UsableLink | undefined;
}

/** A document that is on the screen. */
export interface OpenDocument {
  title: string;
  patient: FoundPatient;
  /** The page as the API made it. */
  html: string;
}

export const emptyDesk: CcdDesk = { link: undefined, found: undefined, requests: [], reading: undefined };

export type ChangeDesk = (change: (desk: CcdDesk) => CcdDesk) => void;
