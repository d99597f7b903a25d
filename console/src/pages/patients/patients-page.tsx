import type { Api } from "../../api/client.ts";
import type { CcdDesk, ChangeDesk } from "./ccd-desk.ts";
import { CcdRequestCard } from "./ccd-request-card.tsx";
import { DocumentReader } from "./document-reader.tsx";
import { FoundPatients } from "./found-patients.tsx";
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
  return (
    <>
      <h1>Patients</h1>
      <SearchForm api={api} show={(found) => setDesk((before) => ({ ...before, found }))} />
      {desk.found !== undefined && <FoundPatients api={api} found={desk.found} setDesk={setDesk} />}
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
