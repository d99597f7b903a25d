import type { CcdRequestView } from "#on-demand-api/language/ccd-request-messages.ts";
import { stateWords } from "./state-words.ts";
import { table } from "./table.ts";
import { readableBytes } from "./units.ts";

/** A CCD request for people: its state, and a table of its documents. */
export function ccdText({
  requestId,
  state,
  failure,
  documents,
  refused,
}: Pick<CcdRequestView, "requestId" | "state" | "failure" | "documents" | "refused">): string[] {
  return [
    `${requestId} ${stateWords(state)}${failure === null ? "" : `: ${failure.name}: ${failure.message}`}`,
    ...(documents.length === 0
      ? []
      : table([["number", "encounter", "title", "sections", "size"], ...documents.map(rowOf)], alignments)),
    ...refused.map(({ number, reason }) => `document ${number} was refused: ${reason}`),
  ];
}

const alignments = ["right", "left", "left", "right", "right"] as const;

const rowOf = ({ number, title, encounterStart, bytes, sections }: CcdRequestView["documents"][number]): string[] => [
  String(number),
  encounterStart?.slice(0, 10) ?? "no date",
  title ?? "no title",
  String(sections.length),
  readableBytes(bytes),
];
