/** A CRC-32 as S3 writes it: base64 of its four bytes, the highest byte first. */
export function crc32Text(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes.toString("base64");
}
