import type { Fault } from "#local/simulator/faults/fault-schema.ts";

/** A fault in one line of a file. */
type LineFault = Extract<Fault, { kind: "wrong-type" | "bad-line" | "drop-line" }>;

/** The NDJSON with the fault in one of its lines. */
export function spoilLine(body: Buffer, fault: LineFault): Buffer {
  const lines = body.toString("utf8").split("\n");
  const index = Math.min(fault.line ?? Math.floor((lines.length - 1) / 2), lines.length - 2);
  const spoilt = spoiltLine(lines[index] ?? "", fault);
  const before = lines.slice(0, index).map((line) => `${line}\n`);
  return Buffer.concat([Buffer.from(before.join("")), spoilt, Buffer.from(lines.slice(index + 1).join("\n"))]);
}

/** The line with its line break. Empty if the fault drops the line. */
function spoiltLine(line: string, fault: LineFault): Buffer {
  if (fault.kind === "drop-line") return Buffer.alloc(0);
  const type = /"resourceType":"(\w+)"/.exec(line)?.[1] ?? "";
  if (fault.kind === "bad-line") {
    if (fault.how === "not-utf8") return Buffer.from(`{"resourceType":"${type}","id":"\u00e9"}\n`, "latin1");
    return Buffer.from(`{"resourceType":"${type}","id":}\n`);
  }
  const intruder = type === "Observation" ? "Patient" : "Observation";
  const contained = fault.nested === true ? `,"contained":[${line}]` : "";
  return Buffer.from(`{"resourceType":"${intruder}","id":"of-another-type"${contained}}\n`);
}

/** The content up to the byte. Without a byte it ends near the middle, inside of a record. */
export function cutContent(body: Buffer, atByte: number | undefined): Buffer {
  if (atByte !== undefined) return body.subarray(0, atByte);
  const middle = Math.floor(body.length / 2);
  // If a record ends in the middle, two bytes further on is inside the next one.
  const betweenRecords = body[middle - 1] === 0x0a || body[middle] === 0x0a;
  return body.subarray(0, betweenRecords ? Math.min(middle + 2, body.length - 1) : middle);
}

/** The gzip stream without its trailer, or with other bytes behind it. */
export function spoilGzip(zipped: Buffer, { how }: Extract<Fault, { kind: "bad-gzip" }>): Buffer {
  return how === "cut" ? zipped.subarray(0, -8) : Buffer.concat([zipped, Buffer.from("<!-- served by proxy -->")]);
}
