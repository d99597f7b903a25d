import { inflateRawSync } from "node:zlib";
import { DOMParser, onErrorStopParsing, ParseError } from "@xmldom/xmldom";
import { unzipSync } from "fflate";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { entryHeaders } from "#local/simulator/ccd/zip-headers.ts";
import type { CcdAttack } from "#local/simulator/faults/fault-schema.ts";
import { demographicsOf } from "#local/simulator/records/patient-profile.ts";
import {
  type Answer,
  requestIdOf,
  startUserFixture,
  type UserFixture,
} from "#test/unit/local/simulator/user-client.ts";

const MEBIBYTE = 2 ** 20;

let fixture: UserFixture;
let id: string;
beforeEach(async () => {
  fixture = await startUserFixture();
  id = requestIdOf(await fixture.requestCcds(fixture.patientIds[1] ?? ""));
});
afterEach(() => fixture.simulator.close());

/** The download on which the attack is made; the request becomes ready before it. */
async function attacked(attack: CcdAttack, bytes?: number): Promise<Answer> {
  fixture.simulator.completeServerRequests();
  const fault = { kind: "hostile-ccd", attack, ...(bytes === undefined ? {} : { bytes }) } as const;
  fixture.simulator.faults.script("ccd-download", [fault]);
  const answer = await fixture.download(id);
  expect(fixture.simulator.log.at(-1)).toMatchObject({ endpoint: "ccd-download", fault: "hostile-ccd", status: 200 });
  return answer;
}

interface Entry {
  readonly name: string;
  readonly flags: number;
  readonly claimed: number;
  readonly compressed: number;
  readonly content: Buffer;
}

/** Reads entries by their headers, believing no size but the compressed one. */
function entriesOf({ body }: Answer): Entry[] {
  return entryHeaders(body).map(({ central, local }) => {
    const compressed = body.readUInt32LE(central + 20);
    const begin = local + 30 + body.readUInt16LE(local + 26) + body.readUInt16LE(local + 28);
    return {
      name: body.toString("utf8", central + 46, central + 46 + body.readUInt16LE(central + 28)),
      flags: body.readUInt16LE(central + 8) | body.readUInt16LE(local + 6),
      claimed: body.readUInt32LE(central + 24),
      compressed,
      content: inflateRawSync(body.subarray(begin, begin + compressed)),
    };
  });
}

const lastXml = (answer: Answer): string => entriesOf(answer).at(-1)?.content.toString("utf8") ?? "";
const unchangedDocuments = (): readonly { fileName: string; xml: string }[] => fixture.simulator.ccdDocumentsOf(id);

const personOf = (text: string | undefined): string =>
  /<patient>[\s\S]*<birthTime value="\d+"\/>/.exec(text ?? "")?.[0] ?? "";

describe("hostile CCDs", () => {
  it("a hostile-ccd fault waits until there are documents, and happens once", async () => {
    const { simulator } = fixture;
    simulator.faults.script("ccd-download", [{ kind: "hostile-ccd", attack: "truncated" }]);
    expect((await fixture.download(id)).json()).toMatchObject({ code: "BESR01" });
    expect([simulator.faults.pending("ccd-download"), simulator.log.at(-1)?.fault]).toEqual([1, null]);
    simulator.completeServerRequests();
    const answer = await fixture.download(id);
    expect(() => unzipSync(answer.body)).toThrow("invalid zip data");
    expect(Number(answer.headers["content-length"])).toBe(answer.body.length);
    expect(Object.keys(unzipSync((await fixture.download(id)).body))).toHaveLength(2);
  });

  it("zip-slip sends names that lead out of the folder", async () => {
    const names = entriesOf(await attacked("zip-slip")).map(({ name }) => name);
    expect(names.slice(2)).toEqual(["../../outside.xml", "/outside.xml", "..\\..\\outside.xml", "C:\\outside.xml"]);
  });

  it("zip-bomb sends a well-formed document of the wanted size, compressed more than a hundredfold", async () => {
    const bomb = entriesOf(await attacked("zip-bomb", 8 * MEBIBYTE)).at(-1);
    expect(bomb?.content.length).toBe(8 * MEBIBYTE + Buffer.byteLength(unchangedDocuments().at(-1)?.xml ?? ""));
    expect(bomb?.claimed).toBe(bomb?.content.length);
    expect((bomb?.content.length ?? 0) / (bomb?.compressed ?? Infinity)).toBeGreaterThan(100);
  });

  it("lying-sizes sends headers that claim less than the content", async () => {
    const [first, last] = entriesOf(await attacked("lying-sizes"));
    expect([first?.claimed, last?.claimed]).toEqual([first?.content.length, 16]);
    expect(last?.content.toString("utf8")).toBe(unchangedDocuments().at(-1)?.xml);
  });

  it("duplicate-names sends two entries of one name with different content", async () => {
    const entries = entriesOf(await attacked("duplicate-names"));
    const [first, , third] = entries;
    expect([entries.length, third?.name]).toEqual([3, first?.name]);
    expect(third?.content.equals(first?.content ?? Buffer.alloc(0))).toBe(false);
  });

  it("encrypted-entry sets the flag of encryption", async () => {
    expect(entriesOf(await attacked("encrypted-entry")).map(({ flags }) => flags & 1)).toEqual([0, 1]);
  });

  it.each([
    ["internal-entity", /<!DOCTYPE ClinicalDocument \[<!ENTITY made "up">\]>[\s\S]*<title>&made;/],
    ["billion-laughs", /<!ENTITY laugh9 "(&laugh8;){10}">\]>[\s\S]*<title>&laugh9;/],
    ["external-dtd", /<!DOCTYPE ClinicalDocument SYSTEM "http:\/\/127\.0\.0\.1:\d+\/outside\/ccd\.dtd">/],
    [
      "external-entity",
      /<!ENTITY outside SYSTEM "http:\/\/127\.0\.0\.1:\d+\/outside\/entity\.txt">\]>[\s\S]*&outside;/,
    ],
  ] as const)("%s adds a document type to the last document", async (attack, expected) => {
    const answer = await attacked(attack);
    expect(lastXml(answer)).toMatch(expected);
    const [first] = entriesOf(answer);
    expect(first?.content.toString("utf8")).toBe(unchangedDocuments()[0]?.xml);
  });

  it("a request for an external definition gets 404 and is logged", async () => {
    const url = /SYSTEM "http:\/\/[^/]+\/([^"]+)"/.exec(lastXml(await attacked("external-dtd")))?.[1] ?? "";
    expect((await fixture.get(url, {})).status).toBe(404);
    expect(fixture.simulator.log.at(-1)).toMatchObject({ endpoint: "other", path: "/outside/ccd.dtd" });
  });

  it("malformed-xml sends a last document that breaks off", async () => {
    const text = lastXml(await attacked("malformed-xml"));
    const parser = new DOMParser({ onError: onErrorStopParsing });
    expect(() => parser.parseFromString(text, "text/xml")).toThrow(ParseError);
  });

  it("wrong-patient sends a last document with the recordTarget of another patient", async () => {
    const contents = entriesOf(await attacked("wrong-patient")).map(({ content }) => content.toString("utf8"));
    const targets = contents.map((text) => /9999\.1" extension="(\d+)"/.exec(text)?.[1]);
    expect(targets).toEqual([fixture.patientIds[1], fixture.patientIds[0]]);
    expect(contents[0]).toBe(unchangedDocuments()[0]?.xml);
  });

  it("other-person sends a last document with the patient's ids, and another patient's name, birth date and gender", async () => {
    const contents = entriesOf(await attacked("other-person")).map(({ content }) => content.toString("utf8"));
    const targets = contents.map((text) => /9999\.1" extension="(\d+)"/.exec(text)?.[1]);
    expect(targets).toEqual([fixture.patientIds[1], fixture.patientIds[1]]);
    const stranger = demographicsOf(fixture.simulator.records.find("Patient", fixture.patientIds[0] ?? "")?.line ?? "");
    expect(personOf(contents[1])).toContain(`<family>${stranger.name[0]?.family}</family>`);
    expect(personOf(contents[1])).toContain(`<birthTime value="${stranger.birthDate.replaceAll("-", "")}"/>`);
    expect(personOf(contents[1])).not.toBe(personOf(unchangedDocuments()[1]?.xml));
    expect(contents[0]).toBe(unchangedDocuments()[0]?.xml);
  });

  it("the other faults of a download also apply to CCDs", async () => {
    const { simulator } = fixture;
    simulator.completeServerRequests();
    simulator.faults.script("ccd-download", [
      { kind: "garbage" },
      { kind: "truncate" },
      { kind: "status", status: 429, retryAfter: 3, body: "empty" },
      { kind: "status", status: 503, body: "portal" },
      { kind: "unauthorized" },
    ]);
    const garbage = await fixture.download(id);
    expect([garbage.status, garbage.headers["content-type"]]).toEqual([200, "text/html;charset=utf-8"]);
    const part = (await fixture.download(id)).body;
    const throttled = await fixture.download(id);
    expect([throttled.status, throttled.headers["retry-after"]]).toEqual([429, "3"]);
    expect((await fixture.download(id)).json()).toMatchObject({ status: false, responseStatus: 503 });
    expect((await fixture.download(id)).status).toBe(401);
    const whole = (await fixture.download(id)).body;
    expect([part.length < whole.length, whole.subarray(0, part.length).equals(part)]).toEqual([true, true]);
  });
});
