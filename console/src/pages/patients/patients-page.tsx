import type { Api } from "../../api/client.ts";
import type { UsableLink } from "../../api/links.ts";
import type { FoundPatient, PatientPage } from "../../api/patients.ts";
import type { CcdDesk, ChangeDesk } from "./ccd-desk.ts";
import { CcdRequestCard } from "./ccd-request-card.tsx";
import { DocumentReader } from "./document-reader.tsx";
import { FoundPatients } from "./found-patients.tsx";
import { PatientCard } from "./patient-card.tsx";
import { ReadAs } from "./read-as.tsx";
import { SearchForm } from "./search-form.tsx";

interface PatientsPageProps {
  api: Api;
  desk: CcdDesk;
  setDesk: ChangeDesk;
}

/** Finds a patient, requests the patient's CCDs, and shows a document. */
export function PatientsPage({ api, desk, setDesk }: PatientsPageProps) {
  if (desk.reading !== undefined) {
    const close = () => setDesk((before) => ({ ...before, reading: undefined }));
    return <DocumentReader document={desk.reading} close={close} />;
  }
  // What one link finds, another may not serve.
  const choose = (link: UsableLink | undefined) => setDesk((before) => ({ ...before, link, found: undefined }));
  return (
    <>
      <h1>Patients</h1>
      <ReadAs api={api} link={desk.link} choose={choose} />
      <PatientFinder api={api} desk={desk} setDesk={setDesk} />
      {desk.requests.length > 0 && (
        <section aria-labelledby="requests">
          <h2 id="requests">Requested CCDs</h2>
          {desk.requests.map((asked) => (
            <CcdRequestCard
              key={asked.requestId}
              api={api}
              asked={asked}
              open={(reading) => setDesk((before) => ({ ...before, reading }))}
            />
          ))}
        </section>
      )}
    </>
  );
}

/** The search and its matches, or the one patient of the chosen link. */
function PatientFinder({ api, desk: { link, found }, setDesk }: PatientsPageProps) {
  const patient = patientOf(link);
  if (patient !== undefined) {
    return (
      <section aria-labelledby="link-patient">
        <h2 id="link-patient">The link's patient</h2>
        <PatientCard key={link?.id} api={api} link={link} patient={patient} setDesk={setDesk} />
      </section>
    );
  }
  // An answer that comes after another choice belongs to the choice before.
  const show = (page: PatientPage | undefined) =>
    setDesk((before) => (before.link?.id === link?.id ? { ...before, found: page } : before));
  return (
    <>
      <SearchForm api={api} link={link} show={show} />
      {found !== undefined && <FoundPatients api={api} link={link} found={found} show={show} setDesk={setDesk} />}
    </>
  );
}

/**
 * The patient whom the link serves and no other. The name is not read, because that needs the patient's id in an address (ADR 34). The
 * documents have it.
 */
function patientOf(link: UsableLink | undefined): FoundPatient | undefined {
  if (link === undefined || link.patient === null) return undefined;
  const name = `Patient of ${link.reference ?? link.id}`;
  return { id: link.patient, name, birthDate: undefined, gender: undefined };
}
