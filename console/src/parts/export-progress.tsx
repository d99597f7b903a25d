import type { Export } from "../api/exports.ts";
import { bytesText, countText, numberText } from "./texts.ts";

/** How far a running export is: its files, lines and bytes, or what it waits for. */
export function ExportProgress({ export: one }: { export: Export }) {
  const { filesPlanned, filesLanded, lines, bytes, bytesPerSecond } = one.progress;
  const rate = bytesPerSecond === null ? "" : `, ${bytesText(bytesPerSecond)} per second`;
  const files = `${numberText(filesLanded)} of ${numberText(filesPlanned)} files`;
  return (
    <div class="progress">
      <progress
        aria-label="Files"
        {...(filesPlanned !== null && { value: filesLanded, max: Math.max(filesPlanned, 1) })}
      />
      <p class="small">
        {filesPlanned === null
          ? (one.serverProgress ?? one.waitsFor?.message ?? one.message)
          : `${files}, ${countText(lines, "line")}, ${bytesText(bytes)}${rate}`}
      </p>
    </div>
  );
}
