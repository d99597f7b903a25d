import type { Api } from "../../api/client.ts";
import type { UsableLink } from "../../api/links.ts";
import { nextPatients, type PatientPage } from "../../api/patients.ts";
import { FailureNotice } from "../../parts/failure-notice.tsx";
import { useAction } from "../../parts/use-action.ts";
import type { ChangeDesk } from "./ccd-desk.ts";
import { PatientCard } from "./patient-card.tsx";

interface FoundPatientsProps {
  api: Api;
  /** The link of the search. */
  link: UsableLink | undefined;
  found: PatientPage;
  show: (found: PatientPage) => void;
  setDesk: ChangeDesk;
}

/** The patients that match, each with the form that requests CCDs. */
export function FoundPatients({ api, link, found, show, setDesk }: FoundPatientsProps) {
  const more = useAction();
  const { patients, next } = found;
  const showMore = (place: string) =>
    more.run(async () => {
      const page = await nextPatients(api, place, link);
      show({ ...page, patients: [...patients, ...page.patients] });
    });
  return (
    <section aria-labelledby="found">
      <h2 id="found">Matches</h2>
      <p role="status">
        {patients.length === 0 ? "No patient matches. Check each value." : `${patients.length} found.`}
      </p>
      {patients.map((patient) => (
        <PatientCard key={patient.id} api={api} link={link} patient={patient} setDesk={setDesk} />
      ))}
      {next !== undefined && (
        <button type="button" aria-disabled={more.isRunning} onClick={() => showMore(next)}>
          Show more
        </button>
      )}
      <FailureNotice failure={more.failure} />
    </section>
  );
}
