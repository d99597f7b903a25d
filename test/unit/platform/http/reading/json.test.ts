import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readJson, readJsonObject } from "#platform/http/reading/json.ts";

describe("the reader of JSON", () => {
  it("JSON is read with or without a byte order mark in front", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom("", "\uFEFF", "\uFEFF\uFEFF", "\uFEFF\n "), (value, mark) => {
        const json = JSON.stringify(value);
        expect(readJson(Buffer.from(mark + json))).toEqual(JSON.parse(json));
      }),
    );
  });

  it("a byte order mark inside of a JSON text stays there", () => {
    expect(readJson(Buffer.from('"a\uFEFFb"'))).toBe("a\uFEFFb");
  });

  it("raw line breaks inside of JSON texts are read as blanks, as the guide's sample has them", () => {
    expect(readJson(Buffer.from('{"url": "https://portal.example/\r\n\td"}\n'))).toEqual({
      url: "https://portal.example/ d",
    });
  });

  it.each(["", "<html>", "{", "{'a': 1}", "\uFEFF", "{} {}"])("%j is not read as JSON", (text) => {
    expect(readJson(Buffer.from(text))).toBeUndefined();
  });

  it("reading JSON never throws, whatever the bytes are", () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void readJson(bytes)));
  });

  it("only the given part of a buffer is read as JSON", () => {
    const whole = new Uint8Array(Buffer.from("xx[1]yy"));
    expect(readJson(whole.subarray(2, 5))).toEqual([1]);
  });

  it.each(["[]", "null", '"a"', "1", "{"])("%s is not read as a JSON object", (text) => {
    expect(readJsonObject(Buffer.from(text))).toBeUndefined();
  });

  it("a JSON object is read", () => {
    expect(readJsonObject(Buffer.from('{"a":1}'))).toEqual({ a: 1 });
  });
});
