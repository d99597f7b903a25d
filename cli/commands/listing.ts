import { Option } from "commander";
import * as z from "zod";

/** How many items a list has if the user does not say. */
const defaultLimit = 50;

/** The option of commands that list. */
export const limitOption = (things: string): Option =>
  new Option("--limit <number>", `at most this many ${things}`).default(String(defaultLimit));

export const limitInput = z.coerce
  .number("must be a number")
  .int("must be a whole number")
  .min(1, "must be at least 1")
  .max(100_000, "must be at most 100000");

/** Items of a list, and whether these are all. */
export interface TakenItems<Item> {
  items: Item[];
  complete: boolean;
}

/**
 * A list for people. A list that is cut off must not look whole.
 * @param none what to say if there are no items
 */
export function listText<Item>(
  { items, complete }: TakenItems<Item>,
  { limit, none, tableOf }: { limit: number; none: string; tableOf: (items: readonly Item[]) => string },
): string {
  if (items.length === 0) return none;
  return tableOf(items) + (complete ? "" : `\nOnly the first ${limit} are shown. For more add --limit <number>.`);
}

/** Takes items from pages up to the limit. `complete` says whether these are all. */
export async function takeItems<Page extends { next?: string | undefined }, Item>(
  pages: AsyncIterable<Page>,
  itemsOf: (page: Page) => readonly Item[],
  limit: number,
): Promise<TakenItems<Item>> {
  const items: Item[] = [];
  for await (const page of pages) {
    items.push(...itemsOf(page));
    if (items.length > limit) return { items: items.slice(0, limit), complete: false };
    if (items.length === limit) return { items, complete: page.next === undefined };
  }
  return { items, complete: true };
}
