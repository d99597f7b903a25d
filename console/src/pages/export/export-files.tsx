import { useState } from "preact/hooks";
import type { Api } from "../../api/client.ts";
import {
  type Export,
  type ExportFile,
  type FilePage,
  filesPath,
  isLive,
  type Preview,
  readPreview,
} from "../../api/exports.ts";
import { AnswerNotice } from "../../parts/answer-notice.tsx";
import { FailureNotice } from "../../parts/failure-notice.tsx";
import { bytesText, countText } from "../../parts/texts.ts";
import { useAction } from "../../parts/use-action.ts";
import { useAnswer } from "../../parts/use-answer.ts";
import { issuesIn } from "./outcome-issues.ts";

/** How often the files of a running export are read, in milliseconds. */
const watchMs = 5_000;

const kinds = { output: "data", error: "the server's messages", deleted: "deleted resources" };

/** The files of an export, page by page. */
export function ExportFiles({ api, export: one }: { api: Api; export: Export }) {
  const [place, setPlace] = useState(filesPath(one.exportId));
  // Another state is another answer: the files of an export that has just ended are read once more.
  const page = useAnswer(`${place} ${one.state}`, () => api.json<FilePage>(place), {
    everyMs: watchMs,
    isLive: () => isLive(one),
  });
  const { files = [], next } = page.value ?? {};
  return (
    <section aria-labelledby="files">
      <h2 id="files">Files</h2>
      <AnswerNotice answer={page} awaited="The files are being read." />
      {page.value !== undefined && files.length === 0 && <p>No file is known yet.</p>}
      <ul class="rows">
        {files.map((file) => (
          <FileRow key={file.number} api={api} export={one} file={file} />
        ))}
      </ul>
      {place !== filesPath(one.exportId) && (
        <button type="button" onClick={() => setPlace(filesPath(one.exportId))}>
          First files
        </button>
      )}
      {next !== undefined && (
        <button type="button" onClick={() => setPlace(next)}>
          Next files
        </button>
      )}
    </section>
  );
}

interface FileRowProps {
  api: Api;
  export: Export;
  file: ExportFile;
}

function FileRow({ api, export: one, file }: FileRowProps) {
  const [shown, setShown] = useState<Preview>();
  const preview = useAction();
  const open = () => preview.run(async () => setShown(await readPreview(api, one.exportId, file.number)));
  const name = `${file.number}. ${file.resourceType}`;
  const canRead = file.state === "landed" && one.actions.includes("read-files");
  return (
    <li>
      <span>
        <strong>{name}</strong> <span class={`state ${file.state}`}>{file.state}</span>
        <br />
        <span class="small">
          {kinds[file.kind]}
          {file.lines !== null && `, ${countText(file.lines, "line")}`}
          {file.bytes !== null && `, ${bytesText(file.bytes)}`}
        </span>
        {file.reason !== null && <p>{file.reason}</p>}
      </span>
      {canRead && (
        // One button for both, so that it keeps the focus.
        <button
          type="button"
          aria-disabled={preview.isRunning}
          onClick={shown === undefined ? open : () => setShown(undefined)}
          aria-label={shown === undefined ? `Preview file ${name}` : `Close the preview of file ${name}`}
        >
          {shown === undefined ? "Preview" : "Close"}
        </button>
      )}
      <FailureNotice failure={preview.failure} />
      {shown !== undefined && <PreviewOf file={file} preview={shown} />}
    </li>
  );
}

/** The first lines of a file. The server's messages are shown in words. */
function PreviewOf({ file, preview: { lines, message } }: { file: ExportFile; preview: Preview }) {
  const issues = file.kind === "error" ? lines.flatMap((line) => issuesIn(line)) : [];
  if (lines.length === 0) return <p>{message ?? "The file has no lines."}</p>;
  if (issues.length === 0) {
    return (
      <pre tabIndex={0} aria-label={`First lines of file ${file.number}`}>
        {lines.join("\n")}
      </pre>
    );
  }
  return (
    <ul>
      {issues.map((issue, place) => (
        <li key={place}>
          <strong>{issue.severity}</strong> {issue.text}
        </li>
      ))}
    </ul>
  );
}
