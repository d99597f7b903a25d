/** The answer to a call, with JSON as its body. */
export const jsonAnswer = (
  status: number,
  content: object,
  headers: Record<string, string> = {},
): { status: number; headers: Record<string, string>; body: Buffer } => ({
  status,
  headers: { "content-type": "application/json", ...headers },
  body: Buffer.from(JSON.stringify(content)),
});
