import { ProtocolError } from '../model/failure.ts';
import { type Milliseconds, seconds } from '../model/units.ts';

/** The refusal of one attempt more. @param wait until the next one is evaluated. */
export function tooMany(wait: Milliseconds): ProtocolError {
  const retryAfter = seconds(Math.max(1, Math.ceil(wait / 1000)));
  const description = `Too many failed attempts: wait ${inWords(retryAfter)} before the next one.`;
  return new ProtocolError('too_many_attempts', description, { retryAfter });
}

function inWords(count: number): string {
  if (count < 120) return `${count} seconds`;
  return count < 7200 ? `${Math.ceil(count / 60)} minutes` : `${Math.ceil(count / 3600)} hours`;
}
