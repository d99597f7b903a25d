import type { UsableLink } from "../../api/links.ts";
import { timeText } from "../../parts/texts.ts";

/** A link in words. Two links may have one reference, so the time is in the name too. */
export const linkName = ({ id, reference, linkedAt }: UsableLink): string =>
  `${reference ?? id}, linked ${timeText(linkedAt)}`;
