/** The Cluster slot of a key, as the Redis Cluster specification has it: CRC-16 (XMODEM) of the hash tag, modulo 16,384. */
export function slotOf(key: string): number {
  return crc16(Buffer.from(hashTag(key))) % SLOTS;
}

const SLOTS = 16_384;

/** What stands between the first brace and the next closing one, unless that is nothing. */
function hashTag(key: string): string {
  const begin = key.indexOf('{');
  const end = begin < 0 ? -1 : key.indexOf('}', begin + 1);
  return end > begin + 1 ? key.slice(begin + 1, end) : key;
}

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc & 0xffff;
});

function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) crc = ((crc << 8) ^ (TABLE[((crc >> 8) ^ byte) & 0xff] ?? 0)) & 0xffff;
  return crc;
}
