import type { Failure } from '../model/failure.ts';
import type { Bytes } from '../model/units.ts';

/** The caller sends a body that is longer than its route takes; told when the length is announced, or when that much has come. */
export function bodyTooLong(most: Bytes): Failure {
  return { code: 'payload_too_large', description: `The body is longer than ${inWords(most)}.`, close: true };
}

function inWords(size: Bytes): string {
  if (size % 1024 ** 3 === 0) return `${size / 1024 ** 3} GiB`;
  if (size % 1024 ** 2 === 0) return `${size / 1024 ** 2} MiB`;
  return size % 1024 === 0 ? `${size / 1024} KiB` : `${size} bytes`;
}
