import { linkHeader } from "#on-demand-api/language/call-headers.ts";
import { createdLink, linkView } from "#on-demand-api/language/link-messages.ts";
import type { ApiCaller } from "./api-caller.ts";
import { beginSignIn, finishSignIn, signIn } from "./portal-sign-in.ts";
import { SmallBrowser, type View } from "./small-browser.ts";

/** The setting `smart` of the demo: its links ask for the records of one patient. */
export const demoLaunches = {
  scopes: ["openid", "fhirUser", "offline_access", "launch/patient", "patient/*.rs"],
};

/** The simulator's guardian, who may choose among several patients. */
const user = "gus";

/** A link whose user has signed in, and a report for people. */
export interface LinkedUser {
  link: string;
  /** The one patient whom the link serves. */
  patient: string;
  report: string;
}

/**
 * Asks the API for a link, and follows it as its user's browser does: through the portal's sign-in, choice of a patient and consent.
 * @throws Error with the API's problem or the last page's title, if the user is not linked in the end
 */
export async function linkUser(api: ApiCaller): Promise<LinkedUser> {
  const answer = await api.send("/links", { method: "POST", body: JSON.stringify({ launch: "standalone" }) });
  if (!answer.ok) throw new Error(`the API answered ${answer.status}: ${await answer.text()}`);
  const { id, url } = createdLink.parse(await answer.json());
  const browser = new SmallBrowser();
  const callback = await signIn(browser, await beginSignIn(browser, url), { user });
  const end = await finishSignIn(browser, callback);
  const { state, patient } = linkView.parse(await (await api.get(`/links/${id}`)).json());
  if (state !== "linked" || patient === null)
    throw new Error(`link ${id} is ${state}, and the last page is "${end.title}"`);
  const report = [
    "The API made a link. A program opens it in place of a user's browser, and gets these pages:",
    ...browser.visited.filter(({ title }) => title !== "").map((page) => `  ${siteOf(page, url)}  ${page.title}`),
    `The link is linked. It serves patient ${patient} only.`,
  ];
  return { link: id, patient, report: report.join("\n") };
}

const siteOf = ({ url: { origin } }: View, linkUrl: string): string =>
  origin === new URL(linkUrl).origin ? "bridge" : "portal";

/**
 * Reads another patient under a link, which the API must refuse. Returns a report for people.
 * @throws Error if the API does not refuse
 */
export async function tryOtherPatient(api: ApiCaller, link: string, otherPatient: string): Promise<string> {
  const { status } = await api.send(`/fhir/Patient/${otherPatient}`, { headers: { [linkHeader]: link } });
  if (status !== 403) throw new Error(`the API answered ${status} for a patient whom link ${link} does not serve`);
  return `For patient ${otherPatient} the API answers 403 under this link.`;
}
