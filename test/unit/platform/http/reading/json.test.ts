import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readJson, readJsonObject } from "#platform/http/reading/json.ts";

describe("the reader of JSON", () => {
  it("reads whatever is JSON, with a byte order mark in front or without", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom("", "\uFEFF", "\uFEFF\uFEFF", "\uFEFF\n "), (value, mark) => {
        const json = JSON.stringify(value);
        expect(readJson(Buffer.from(mark + json))).toEqual(JSON.parse(json));
      }),
    );
  });

  it("reads a byte order mark inside of a text as it is", () => {
    expect(readJson(Buffer.from('"a\uFEFFb"'))).toBe("a\uFEFFb");
  });

  it("reads raw line breaks inside of texts as blanks, as the guide's sample has them", () => {
    expect(readJson(Buffer.from('{"url": "https://portal.example/\r\n\td"}\n'))).toEqual({
      url: "https://portal.example/ d",
    });
  });

  it.each(["", "<html>", "{", "{'a': 1}", "\uFEFF", "{} {}"])("reads %j as none", (text) => {
    expect(readJson(Buffer.from(text))).toBeUndefined();
  });

  it("never throws, whatever the bytes", () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void readJson(bytes)));
  });

  it("reads the bytes it is given, and nothing else of their buffer", () => {
    const whole = new Uint8Array(Buffer.from("xx[1]yy"));
    expect(readJson(whole.subarray(2, 5))).toEqual([1]);
  });

  it.each(["[]", "null", '"a"', "1", "{"])("reads %s as no object", (text) => {
    expect(readJsonObject(Buffer.from(text))).toBeUndefined();
  });

  it("reads an object as an object", () => {
    expect(readJsonObject(Buffer.from('{"a":1}'))).toEqual({ a: 1 });
  });
});
