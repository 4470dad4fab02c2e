/**
 * The CRC-32 of `bytes` (that of zip and Ethernet), as DynamoDB's `x-amz-crc32` header has it.
 *
 * Bit by bit, without a table: answers are short.
 */
export function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    // The reflected polynomial.
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 && 0xedb88320);
  }
  return ~crc >>> 0;
}
