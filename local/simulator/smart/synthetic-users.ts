import type { Dataset } from "#local/simulator/records/dataset.ts";
import type { RegisteredUser } from "#local/simulator/user-api-options.ts";

/** The password of all synthetic users. */
export const SYNTHETIC_PASSWORD = "synthetic";

/**
 * Three people who can sign in at the portal's page: "pat", a patient; "gus", a guardian of two patients who is a patient
 * himself, so that his `fhirUser` need not be the patient that he chooses; and "dora", a physician who sees all patients. Data
 * without patients or practitioners has fewer.
 */
export function syntheticUsers({ resources }: Dataset): RegisteredUser[] {
  const [patient, guardian, ...others] = resources.filter(({ type }) => type === "Patient");
  const practitioner = resources.find(({ type }) => type === "Practitioner");
  const people = [
    { userId: "pat", name: "Pat, a patient", resource: patient, patients: [patient].map(idOf) },
    {
      userId: "gus",
      name: "Gus, a guardian",
      resource: guardian,
      patients: [guardian, ...others.slice(0, 2)].map(idOf),
    },
    { userId: "dora", name: "Dora, a physician", resource: practitioner, patients: "all" as const },
  ];
  return people.flatMap(({ userId, name, resource, patients }) =>
    resource === undefined
      ? []
      : [{ userId, name, password: SYNTHETIC_PASSWORD, fhirUser: resource.reference, patients }],
  );
}

function idOf(resource: Dataset["resources"][number] | undefined): string {
  return resource?.reference.split("/")[1] ?? "";
}
