/** The exit codes of `integra`. docs/cli.md lists them. 64 is EX_USAGE of BSD's sysexits.h. */
export const exitCodes = {
  done: 0,
  failed: 1,
  endedWithoutData: 2,
  endedInPart: 3,
  refused: 4,
  unavailable: 5,
  notUnderstood: 64,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** What each exit code means, for docs/cli.md. */
export const exitCodeMeanings: Record<keyof typeof exitCodes, string> = {
  done: "The command did what it says. Of `doctor` and `smoke`: all is well.",
  failed:
    "The command failed for a reason of its own, which it prints. Of `doctor` and `smoke`: the worst finding is a warning.",
  endedWithoutData:
    "The export failed or was cancelled, or the CCD request failed. Of `doctor` and `smoke`: a check failed.",
  endedInPart:
    "The export is partial, or files or documents are missing. Of `doctor` and `smoke`: something could not be checked.",
  refused: "The API refused the call: you lack the permission, there is no such thing, or it is in the wrong state.",
  unavailable: "The API cannot be reached or cannot answer now. The same command may succeed later.",
  notUnderstood: "The command line or the input is not understood, or there is no stage to work on.",
  hungUp: "The terminal was closed, and the command removed what it had made for itself.",
  interrupted: "Ctrl-C ended the command.",
  terminated: "SIGTERM ended the command.",
};
