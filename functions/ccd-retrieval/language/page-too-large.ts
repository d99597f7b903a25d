/** The page of a document would be larger than the bridge writes. The message says nothing about the patient. */
export class PageTooLarge extends Error {
  override readonly name = "PageTooLarge";
}
