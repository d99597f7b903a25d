import { useState } from "preact/hooks";
import type { CcdRequestView } from "#on-demand-api/language/ccd-request-messages.ts";
import type { Api } from "../../api/client.ts";
import type { UsableLink } from "../../api/links.ts";
import type { FoundPatient } from "../../api/patients.ts";
import { FailureNotice } from "../../parts/failure-notice.tsx";
import { useAction } from "../../parts/use-action.ts";
import type { ChangeDesk } from "./ccd-desk.ts";

interface PatientCardProps {
  api: Api;
  /** The link under which the CCDs are requested. */
  link: UsableLink | undefined;
  patient: FoundPatient;
  setDesk: ChangeDesk;
}

/** A patient, with the form that requests CCDs. */
export function PatientCard({ api, link, patient, setDesk }: PatientCardProps) {
  const [period, setPeriod] = useState({ from: "", to: "" });
  // The same click, sent again after a lost answer, is the same request.
  const [key, setKey] = useState(() => crypto.randomUUID());
  const request = useAction();
  const submit = (event: Event) => {
    event.preventDefault();
    request.run(async () => {
      const body = {
        patientId: patient.id,
        ...(link !== undefined && { link: link.id }),
        ...(period.from !== "" && { startDate: `${period.from}T00:00:00Z` }),
        ...(period.to !== "" && { endDate: `${period.to}T23:59:59Z` }),
      };
      const { requestId } = await api.post<CcdRequestView>("/ccd-requests", body, key);
      setKey(crypto.randomUUID());
      setDesk((before) => ({ ...before, requests: [{ requestId, patient, link }, ...before.requests] }));
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
        {patient.birthDate !== undefined && `Born ${patient.birthDate}, ${patient.gender}. `}
        Id <code>{patient.id}</code>
      </p>
      <form onSubmit={submit} aria-label={`Request CCDs of ${patient.name}`}>
        <div class="fields">
          {day("from", "From (optional)")}
          {day("to", "Until (optional)")}
        </div>
        <button type="submit" class="primary" aria-disabled={request.isRunning}>
          Request CCDs
        </button>
        <FailureNotice failure={request.failure} />
      </form>
    </article>
  );
}
