import { useState } from "preact/hooks";
import type { Api } from "../../api/client.ts";
import type { UsableLink } from "../../api/links.ts";
import { type Demographics, type PatientPage, searchPatients } from "../../api/patients.ts";
import { FailureNotice } from "../../parts/failure-notice.tsx";
import { useAction } from "../../parts/use-action.ts";

const nothing: Demographics = { birthdate: "", gender: "", family: "", given: "", phone: "", email: "" };

type InputType = "text" | "date" | "tel" | "email";

/** Preact has a type of its own for each kind of input. This says of one of several kinds that it is one. */
const typed = (type: InputType) => ({ type }) as { type: "text" };

interface SearchFormProps {
  api: Api;
  link: UsableLink | undefined;
  show: (found: PatientPage | undefined) => void;
}

export function SearchForm({ api, link, show }: SearchFormProps) {
  const [values, setValues] = useState(nothing);
  const search = useAction();
  const submit = (event: Event) => {
    event.preventDefault();
    search.run(async () => {
      show(undefined);
      show(await searchPatients(api, values, link));
    });
  };
  const field = (name: keyof Demographics, label: string, type: InputType = "text", isNeeded = false) => (
    <label key={name}>
      {label}
      <input
        {...typed(type)}
        // A browser must not keep what identifies a patient.
        autocomplete="off"
        required={isNeeded}
        value={values[name]}
        onInput={({ currentTarget: { value } }) => setValues((before) => ({ ...before, [name]: value }))}
      />
    </label>
  );
  return (
    <form class="card" onSubmit={submit} autocomplete="off" aria-label="Search for a patient">
      <p class="hint">
        IntegraConnect finds a patient by birth date, gender, and a telephone number or an email address. A given name
        narrows the search.
      </p>
      <div class="fields">
        {field("birthdate", "Date of birth", "date", true)}
        <label>
          Gender
          <select
            required
            value={values.gender}
            onChange={({ currentTarget: { value } }) => setValues((before) => ({ ...before, gender: value }))}
          >
            <option value="">Choose</option>
            {["female", "male", "other", "unknown"].map((gender) => (
              <option key={gender} value={gender}>
                {gender}
              </option>
            ))}
          </select>
        </label>
        {field("phone", "Telephone", "tel")}
        {field("email", "Email", "email")}
        {field("given", "Given name")}
        {field("family", "Family name")}
      </div>
      <button type="submit" class="primary" aria-disabled={search.isRunning}>
        {search.isRunning ? "Searching…" : "Search"}
      </button>
      <FailureNotice failure={search.failure} />
    </form>
  );
}
