import { type Export, isLive } from "../../api/exports.ts";
import { ExportProgress } from "../../parts/export-progress.tsx";
import { bytesText, countText, durationText, timeText } from "../../parts/texts.ts";
import { hrefOf } from "../../route.ts";

/** One export in the list. */
export function ExportRow({ export: one }: { export: Export }) {
  const { exportId, state, progress, requestedAt } = one;
  const seconds = secondsOf(one);
  return (
    <li>
      <span>
        <a href={hrefOf("exports", exportId)}>{subjectOf(one)}</a> <span class={`state ${state}`}>{state}</span>
        <br />
        <span class="small">
          {timeText(requestedAt)}
          {seconds !== null && `, ${durationText(seconds)}`}
        </span>
      </span>
      {isLive(one) ? (
        <ExportProgress export={one} />
      ) : (
        <span class="small">
          {countText(progress.filesLanded, "file")}, {countText(progress.lines, "line")}, {bytesText(progress.bytes)}
        </span>
      )}
    </li>
  );
}

/** What an export is of, in words: `Patient level`, `Group age-18-to-35: Patient, Observation`. */
export function subjectOf({ request }: Export): string {
  if (request === null) return "An invalid request";
  const { level, groupId, types } = request;
  const subject = level === "group" ? `Group ${groupId ?? ""}` : level === "patient" ? "All patients" : "Whole system";
  return types === null ? subject : `${subject}: ${types.join(", ")}`;
}

/** Who requested an export, in words. A user of the console is named by the subject of the token, without its issuer. */
export function originOf({ trigger: { kind, by } }: Export): string {
  const who = by?.replace(/^https?:\/\/[^#]*#/, "") ?? "an unknown caller";
  switch (kind) {
    case "api":
      return `by ${who}`;
    case "event":
      return `by an event of ${who}`;
    case "schedule":
      return `by the schedule ${who}`;
    case "resumption":
      return `in place of ${who}`;
    default:
      return "by an execution of the state machine";
  }
}

/** How long an export ran; null if it has not ended. */
export function secondsOf({ startedAt, requestedAt, endedAt }: Export): number | null {
  if (endedAt === null) return null;
  return Math.max(0, (Date.parse(endedAt) - Date.parse(startedAt ?? requestedAt)) / 1000);
}
