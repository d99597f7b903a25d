import { SYNTHETIC_PASSWORD } from "./simulator/smart/synthetic-users.ts";
import { choicesOf, type SmallBrowser, type View } from "./small-browser.ts";

/** Presses the button of a link's page. Returns the first page of the portal. */
export async function beginSignIn(browser: SmallBrowser, url: string): Promise<View> {
  return await browser.follow(await browser.submit(await browser.open(url)));
}

/** What a person does at the simulator's portal. */
export interface PortalVisit {
  /** One of the synthetic users. */
  user: string;
  /** Default: the first that the portal offers, if it offers a choice. */
  patient?: string | undefined;
  decision?: "allow" | "deny";
}

/** Signs in, chooses a patient if there is a choice, and decides. Returns the redirect to the callback. */
export async function signIn(
  browser: SmallBrowser,
  first: View,
  { user, patient, decision = "allow" }: PortalVisit,
): Promise<View> {
  const signedIn = await browser.submit(first, { username: user, password: SYNTHETIC_PASSWORD });
  const [offered] = choicesOf(signedIn, "patient");
  const consent = offered === undefined ? signedIn : await browser.submit(signedIn, { patient: patient ?? offered });
  return await browser.submit(consent, { decision });
}

/** Opens the callback, and sends its form as its script does. */
export async function finishSignIn(browser: SmallBrowser, callback: View): Promise<View> {
  return await browser.submit(await browser.follow(callback));
}
