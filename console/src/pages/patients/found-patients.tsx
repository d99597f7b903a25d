import { useState } from "preact/hooks";
import type { CcdRequestView } from "#on-demand-api/language/ccd-request-messages.ts";
import type { Api } from "../../api/client.ts";
import { type FoundPatient, nextPatients, type PatientPage } from "../../api/patients.ts";
import { FailureNotice } from "../../parts/failure-notice.tsx";
import { useAction } from "../../parts/use-action.ts";
import type { ChangeDesk } from "./ccd-desk.ts";

interface FoundPatientsProps {
  api: Api;
  found: PatientPage;
  setDesk: ChangeDesk;
}

/** The patients that match, each with the form that requests CCDs. */
export function FoundPatients({ api, found, setDesk }: FoundPatientsProps) {
  const more = useAction();
  const { patients, next } = found;
  const showMore = (link: string) =>
    more.run(async () => {
      const page = await nextPatients(api, link);
      setDesk((before) => ({ ...before, found: { ...page, patients: [...patients, ...page.patients] } }));
    });
  return (
    <section aria-labelledby="found">
      <h2 id="found">Matches</h2>
      <p role="status">
        {patients.length === 0 ? "No patient matches. Check each value." : `${patients.length} found.`}
      </p>
      {patients.map((patient) => (
        <PatientCard key={patient.id} api={api} patient={patient} setDesk={setDesk} />
      ))}
      {next !== undefined && (
        <button type="button" disabled={more.isRunning} onClick={() => showMore(next)}>
          Show more
        </button>
      )}
      <FailureNotice failure={more.failure} />
    </section>
  );
}

interface PatientCardProps {
  api: Api;
  patient: FoundPatient;
  setDesk: ChangeDesk;
}

function PatientCard({ api, patient, setDesk }: PatientCardProps) {
  const [period, setPeriod] = useState({ from: "", to: "" });
  // The same click, sent again after a lost answer, is the same request.
  const [key, setKey] = useState(() => crypto.randomUUID());
  const request = useAction();
  const submit = (event: Event) => {
    event.preventDefault();
    request.run(async () => {
      const body = {
        patientId: patient.id,
        ...(period.from !== "" && { startDate: `${period.from}T00:00:00Z` }),
        ...(period.to !== "" && { endDate: `${period.to}T23:59:59Z` }),
      };
      const { requestId } = await api.post<CcdRequestView>("/ccd-requests", body, key);
      setKey(crypto.randomUUID());
      setDesk((before) => ({ ...before, requests: [{ requestId, patient }, ...before.requests] }));
    });
  };
  const day = (name: keyof typeof period, label: string) => (
    <label>
      {label}
      <input
        type="date"
        autocomplete="off"
        value={period[name]}
        onInput={({ currentTarget: { value } }) => {
          setPeriod((before) => ({ ...before, [name]: value }));
          setKey(crypto.randomUUID());
        }}
      />
    </label>
  );
  return (
    <article class="card">
      <h3>{patient.name}</h3>
      <p>
        Born {patient.birthDate}, {patient.gender}. Id <code>{patient.id}</code>
      </p>
      <form onSubmit={submit} aria-label={`Request CCDs of ${patient.name}`}>
        <div class="fields">
          {day("from", "From (optional)")}
          {day("to", "Until (optional)")}
        </div>
        <button type="submit" class="primary" disabled={request.isRunning}>
          Request CCDs
        </button>
        <FailureNotice failure={request.failure} />
      </form>
    </article>
  );
}
