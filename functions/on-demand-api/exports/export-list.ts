import type { BulkExports } from "#bulk-export/entry.ts";
import { type ExportProgress, progressPlace } from "#bulk-export/language/export-progress.ts";
import { ApiProblem } from "#on-demand-api/language/api-problem.ts";
import { type ExportQuery, exportQuery } from "#on-demand-api/language/export-messages.ts";
import { encodePlace, readPlace } from "#on-demand-api/language/list-places.ts";

/** A page of the list, and the query string of the next one. */
export interface ListedExports {
  exports: ExportProgress[];
  next: string | undefined;
}

const exportsOfPage = 50;
/** A page takes at most so many queries. If few exports match, it is short, and `next` goes on. */
const mostQueries = 8;

/**
 * Lists the exports that match a query, the newest first.
 * @throws ApiProblem (400) if a parameter is malformed
 */
export async function listExports(
  { progress, groupIdOf }: Pick<BulkExports, "progress" | "groupIdOf">,
  queryString: string,
): Promise<ListedExports> {
  const query = readQuery(queryString);
  const isMatch = matcherOf(query, groupIdOf);
  const [from, to] = [query.from, query.to].map((time) => time && new Date(time).toISOString());
  const exports: ExportProgress[] = [];
  let after = readPlace(query.after, progressPlace);
  for (let queries = 0; queries < mostQueries && exports.length < exportsOfPage; queries += 1) {
    const page = await progress.list({ limit: exportsOfPage - exports.length, from, to, after });
    exports.push(...page.exports.filter(isMatch));
    after = page.next;
    if (after === undefined) return { exports, next: undefined };
  }
  return { exports, next: nextQuery(query, after ?? "") };
}

/** Whether an export matches. A request has its group's name until the bridge has validated it, and then its id. */
function matcherOf(query: ExportQuery, groupIdOf: BulkExports["groupIdOf"]): (one: ExportProgress) => boolean {
  const groupId = query.groupId && groupIdOf(query.groupId);
  return ({ state, request }) =>
    (query.state === undefined || query.state === state) &&
    (query.level === undefined || query.level === request?.level) &&
    (groupId === undefined || groupId === (request?.groupId && groupIdOf(request.groupId)));
}

function readQuery(queryString: string): ExportQuery {
  const parsed = exportQuery.safeParse(Object.fromEntries(new URLSearchParams(queryString)));
  if (!parsed.success)
    throw invalidQuery(parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`));
  const { from, to } = parsed.data;
  if (from !== undefined && to !== undefined && Date.parse(from) > Date.parse(to))
    throw invalidQuery(["from: is later than to"]);
  return parsed.data;
}

const invalidQuery = (detail: string[]): ApiProblem =>
  new ApiProblem("The query is invalid", { status: 400, issue: "invalid", detail });

function nextQuery(query: ExportQuery, after: string): string {
  const members = { ...query, after: encodePlace(after) };
  const given = Object.entries(members).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as [string, string]],
  );
  return new URLSearchParams(given).toString();
}
