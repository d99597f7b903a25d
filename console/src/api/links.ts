import type { LinkView } from "#on-demand-api/language/link-messages.ts";
import type { Api } from "./client.ts";

/** A page of links, as GET /links returns it. */
export interface LinkPage {
  links: LinkView[];
  next?: string;
}

/** A link under which a call can be made. */
export interface UsableLink {
  id: string;
  /** What tells it from the user's other links. */
  reference: string | null;
  linkedAt: string | null;
  /** The id of the only patient that the link serves; null if it is not limited to one. */
  patient: string | null;
}

/**
 * The user's links whose person has signed in, the newest first.
 * @throws ApiFailure if the API does not serve one of the calls
 */
export async function usableLinks(api: Api): Promise<UsableLink[]> {
  const found: LinkView[] = [];
  let place: string | undefined = "/links";
  while (place !== undefined) {
    const page: LinkPage = await api.json<LinkPage>(place);
    found.push(...page.links.filter(({ state }) => state === "linked"));
    place = page.next;
  }
  return found.map(({ id, reference, linkedAt, patient }) => ({ id, reference, linkedAt, patient }));
}

/**
 * The headers of a call under a link, or in the stage's own session.
 * @param link undefined for the stage's own session
 */
export const under = (link: UsableLink | undefined): Record<string, string> =>
  link === undefined ? {} : { "integra-link": link.id };
