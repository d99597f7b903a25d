/** The server's own id of a job, as its status URL names it (guide, `{bulkActionRequestId}`). */
export function jobIdOf({ statusUrl }: { statusUrl: string }): string {
  return new URL(statusUrl).pathname.split("/").at(-1) ?? "";
}
