import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { namedCommands } from "#cli/cli-docs.ts";
import { failureAnswer } from "#cli/output/command-failed.ts";
import { exitCodes } from "#cli/output/exit-codes.ts";
import { type CommandLine, commandLine, jsonOf, problem } from "../../fixtures/command-line.ts";

/** CloudFormation's answer about a stack with the output BusName. */
const stackWithBus = `<DescribeStacksResponse><DescribeStacksResult><Stacks><member>
  <StackName>integra-bridge-local-landing</StackName><StackStatus>CREATE_COMPLETE</StackStatus>
  <Outputs><member><OutputKey>BusName</OutputKey><OutputValue>bus</OutputValue></member></Outputs>
</member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;

let cli: CommandLine;
beforeEach(async () => {
  cli = await commandLine();
});
afterEach(() => cli.stop());

describe("how integra ends", () => {
  it.each([
    [400, exitCodes.refused],
    [403, exitCodes.refused],
    [404, exitCodes.refused],
    [409, exitCodes.refused],
    [429, exitCodes.unavailable],
    [500, exitCodes.unavailable],
    [503, exitCodes.unavailable],
  ])("a problem with status %i gets the exit code %i, in the API's own words", async (status, exitCode) => {
    cli.answer("GET /links", { status, body: problem(status, "No such luck", "Do something else.") });
    const answer = await cli.run(["links", "list", "--json"]);
    expect([answer.code, answer.errors]).toEqual([exitCode, "No such luck: Do something else. (call call-1)\n"]);
    expect(failureAnswer.parse(jsonOf(answer)).error).toEqual({
      message: "No such luck: Do something else.",
      action: null,
      exitCode,
      status,
      requestId: "call-1",
    });
  });

  it.each([
    ["an unknown command", ["exprot"]],
    ["an unknown option", ["links", "list", "--al"]],
    ["a missing argument", ["links", "show"]],
    ["a missing option", ["keys", "retire"]],
    ["a value that is no number", ["ccd", "list", "--limit", "many"]],
    ["no command", []],
  ])("%s is not understood, and nothing is called", async (_, args) => {
    const { code, errors, output } = await cli.run(args);
    expect([code, cli.calls.length, output]).toEqual([exitCodes.notUnderstood, 0, ""]);
    expect(errors).not.toBe("");
  });

  it("a command line that is not understood is one JSON object, too", async () => {
    const answer = await cli.run(["links", "list", "--al", "--json"]);
    expect(failureAnswer.parse(jsonOf(answer)).error).toMatchObject({ exitCode: exitCodes.notUnderstood });
  });

  it("Ctrl-C does not hide what could not be removed", async () => {
    const stop = new AbortController();
    cli.answer("POST /", ({ body }) => {
      if (body.includes("DescribeStacks")) return { headers: { "content-type": "text/xml" }, body: stackWithBus };
      stop.abort(new Error("stopped by SIGINT"));
      return { status: 403, body: { __type: "AccessDenied", message: "not yours" } };
    });
    const { code, errors } = await cli.run(["events", "tail"], { signal: stop.signal });
    expect(code).toBe(130);
    expect(errors).toMatch(
      /the temporary rule or queue integra-bridge-local-tail-\w+ may still exist: remove both by hand/,
    );
  });

  it("help is no failure", async () => {
    const { code, output } = await cli.run(["ccd", "--help"]);
    expect([code, output]).toEqual([exitCodes.done, expect.stringContaining("request [options]")]);
  });

  it("an API that cannot be reached may be tried again later", async () => {
    const { code, errors } = await cli.run(["links", "list", "--api-url", "http://127.0.0.1:1"]);
    expect([code, errors]).toEqual([exitCodes.unavailable, expect.stringContaining("cannot be reached")]);
  });

  it("without a stage the command says how to name or start one", async () => {
    await rm(join(cli.folder, "outputs.json"));
    const { code, errors } = await cli.run(["links", "list"]);
    expect([code, errors]).toEqual([exitCodes.notUnderstood, expect.stringContaining("npx integra local")]);
  });
});

describe("the calls of integra", () => {
  it("a busy API is called again, a refusal is not", async () => {
    let calls = 0;
    cli.answer("GET /links", () => (++calls < 3 ? { status: 503, body: "{}" } : { body: { links: [] } }));
    expect((await cli.run(["links", "list"])).output).toBe("you have no links\n");
    cli.answer("GET /links", () => {
      calls += 1;
      return { status: 403, body: { message: "Forbidden" } };
    });
    const { errors } = await cli.run(["links", "list"]);
    expect([calls, errors]).toEqual([4, expect.stringContaining("execute-api:Invoke")]);
  });

  it("a link that leads elsewhere is not followed: it would get the caller's signature", async () => {
    cli.answer("GET /links", { body: { links: [], next: "https://elsewhere.example/links" } });
    const { code, errors } = await cli.run(["links", "list"]);
    expect([code, errors]).toEqual([1, expect.stringContaining("https://elsewhere.example leads to another place")]);
  });

  it("an answer that is none of the API is an error, not an empty list", async () => {
    cli.answer("GET /links", { body: { items: [] } });
    const { code, errors } = await cli.run(["links", "list"]);
    expect([code, errors]).toEqual([1, expect.stringContaining("cannot be read: links")]);
  });

  it("a token from a file replaces the signature", async () => {
    const file = join(cli.folder, "token");
    await writeFile(file, "header.claims.signature\n");
    cli.answer("GET /links", { body: { links: [] } });
    expect((await cli.run(["links", "list", "--token-file", file])).code).toBe(0);
    expect(cli.calls[0]?.headers.authorization).toBe("Bearer header.claims.signature");
  });
});

describe("the options of integra", () => {
  // A shell's history and the list of processes keep what is on a command line.
  it("no option and no argument is about a person, and none is a token or a secret", () => {
    const personal = /name$|given|family|gender|birth|phone|email|patient|secret|verifier|^--(token|password|code)$/;
    const words = namedCommands().flatMap(({ definition }) => [
      ...(definition.options ?? []).map(({ long }) => long ?? ""),
      ...definition.usage.split(" ").slice(1),
    ]);
    expect(words.length).toBeGreaterThan(20);
    expect(words.filter((word) => personal.test(word))).toEqual([]);
  });
});
