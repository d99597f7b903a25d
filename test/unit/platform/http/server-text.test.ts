import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readServerText } from "#platform/http/server-text.ts";

const read = (body: unknown) => readServerText(Buffer.from(typeof body === "string" ? body : JSON.stringify(body)));
const outcome = (...codes: string[]): unknown => ({
  resourceType: "OperationOutcome",
  issue: codes.map((code) => ({ severity: "error", code, diagnostics: `about ${code}` })),
});

describe("the words of a server about an error", () => {
  it("the text is an OperationOutcome's diagnostics, details or code", () => {
    const issue = [{ code: "invalid", diagnostics: "one" }, { details: { text: "two" } }, { code: "three" }];
    expect(read({ resourceType: "OperationOutcome", issue })).toMatchObject({
      text: "one; two; three",
      outcome: "terminal",
    });
  });

  it.each(["transient", "lock-error", "no-store", "exception", "timeout", "incomplete", "throttled"])(
    "an OperationOutcome whose only issue is of type %s is transient",
    (code) => {
      expect(read(outcome(code)).outcome).toBe("transient");
    },
  );

  it("an OperationOutcome with a final issue or without issues is terminal", () => {
    expect(read(outcome("transient", "invalid")).outcome).toBe("terminal");
    expect(read(outcome()).outcome).toBe("terminal");
  });

  it.each([
    ["lasting", [{ severity: "error", code: "processing" }]],
    ["lasting", [{ severity: " FATAL ", code: 42 }]],
    [
      "lasting",
      [
        { severity: "error", code: "timeout" },
        { severity: "error", code: "invalid" },
      ],
    ],
    ["lasting", { severity: "error", code: "processing" }],
    [
      "passing",
      [
        { severity: "error", code: "Timeout" },
        { severity: "warning", code: "invalid" },
      ],
    ],
    ["none", [{ severity: "information", code: "informational" }]],
    [
      "none",
      [{ severity: "warning", code: "invalid" }, null, "x", { code: "invalid" }, { severity: ["error"] }.severity],
    ],
    ["none", []],
    ["none", null],
    ["none", 7],
    ["none", [{ severity: { toString: [] }, code: { toString: [] } }]],
  ])("an OperationOutcome is a %s failure by the severities and codes of its issues", (failure, issue) => {
    expect(read({ resourceType: "OperationOutcome", issue })).toMatchObject({ failure });
  });

  it("the text is OAuth's error with its description", () => {
    expect(read({ error: "invalid_scope", error_description: "no such scope" })).toEqual({
      text: "invalid_scope: no such scope",
      said: "invalid_scope: no such scope",
      codes: ["invalid_scope"],
      outcome: "none",
      oauthError: "invalid_scope",
    });
  });

  it.each([
    [
      "a page of HTML",
      "<html><head><title>t</title></head><body><h1>HTTP Status 401</h1><p>x</p></body></html>",
      "HTTP Status 401",
    ],
    ["a text", "Jane Doe is not here", "Jane Doe is not here"],
    [
      "a framework's error object",
      { status: 500, error: "Internal Server Error", message: "Jane Doe", path: "/x" },
      "Internal Server Error: Jane Doe",
    ],
    [
      "the guide's error object with words",
      { status: false, message: "no file of Jane", code: "403" },
      "no file of Jane: 403",
    ],
    [
      "an error object whose words look like codes",
      { error: { code: "jane" }, message: "JANE", code: "DOE" },
      "JANE: DOE",
    ],
    ["JSON that is no object", "[1]", "[1]"],
    ["JSON that is cut", '{"error":"invalid_client"', '{"error":"invalid_client"'],
    ["nothing", "", ""],
  ])("%s gives no text, but words to judge the answer by", (_, body, said) => {
    expect(read(body)).toEqual({ text: "", said, codes: [], outcome: "none", oauthError: undefined });
  });

  it("the codes come from an OperationOutcome or the guide's error object", () => {
    expect(read(outcome("throttled", "lock-error", "throttled")).codes).toEqual(["throttled", "lock-error"]);
    expect(read({ status: false, message: "ATTACHMENT_FILE_NOT_FOUND", code: "403" }).codes).toEqual([
      "ATTACHMENT_FILE_NOT_FOUND",
    ]);
    expect(read(outcome("Jane Doe", "x".repeat(30))).codes).toEqual([]);
  });

  it("the text is one line of at most 600 characters, whatever the body is", () => {
    const body = fc.oneof(
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      fc.json().map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(body, (bytes) => {
        const { text } = readServerText(bytes);
        expect(text).not.toMatch(/[\r\n]/);
        expect(text.length).toBeLessThanOrEqual(601);
      }),
    );
    const issue = [{ diagnostics: "word ".repeat(1000) }];
    expect(read({ resourceType: "OperationOutcome", issue }).text).toHaveLength(601);
  });

  it("an OperationOutcome with malformed issues is still one", () => {
    for (const issue of [null, "x", {}, [null], [1, "x", []]]) {
      expect(read({ resourceType: "OperationOutcome", issue }).outcome).not.toBe("none");
    }
  });

  it("the text never repeats the request's credentials, not even a part of them at its cut end", () => {
    const token = "short.lived/token";
    for (const quoted of [token, encodeURIComponent(token), Buffer.from(token).toString("base64")]) {
      const issue = [{ diagnostics: `${"x ".repeat(295)}${quoted}` }];
      const { text } = readServerText(Buffer.from(JSON.stringify({ resourceType: "OperationOutcome", issue })), [
        token,
      ]);
      expect(text).toMatch(/x x \[redacted\]…?$/);
    }
  });

  it("the text never repeats a token or the query of a URL", () => {
    const text = 'token eyJhbGciOiJSUzM4NCJ9.eyJpc3MiOiJ4In0.c2ln for https://portal.example/d?patient=17&x=1 "bad"';
    const said = read({ resourceType: "OperationOutcome", issue: [{ code: "login", diagnostics: text }] }).text;
    expect(said).not.toContain("eyJ");
    expect(said).not.toContain("patient=17");
    expect(said).toContain("https://portal.example/d");
  });
});
