/** What is shown if the console cannot start. */
export function StartFailure({ error }: { error: unknown }) {
  return (
    <main class="alone">
      <h1>The console cannot start</h1>
      <p>{error instanceof Error ? error.message : String(error)}</p>
      <p>Load the page again. If it stays so, ask your operator to deploy the console again.</p>
    </main>
  );
}
