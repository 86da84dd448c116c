import { z } from 'zod';
import type { AuditEntry, AuditEvent } from '../model/audit.ts';
import { milliseconds } from '../model/units.ts';

/** Audit events as JSON text, and their ids: a time and a number, written so that texts compare as they do. */

/** Milliseconds: what a date can hold. */
const LATEST = 8.64e15;

/** Kinds and doors are not checked against those of this version: what a newer one wrote is to be read too. */
const shape = z.object({
  at: z
    .number()
    .min(-LATEST)
    .max(LATEST)
    .transform((count) => milliseconds(count)),
  actor: z.object({ kind: z.string(), id: z.string(), name: z.string().optional() }),
  via: z.string(),
  action: z.string(),
  target: z.object({ kind: z.string(), id: z.string(), name: z.string().optional() }).optional(),
  outcome: z.enum(['done', 'refused']),
  address: z.string().optional(),
  requestId: z.string().optional(),
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
});

export const encodeEntry = (entry: AuditEntry): string => JSON.stringify(entry);

/**
 * One event that cannot be read must not keep all others from being seen, nor be missing where others look: something else stands in
 * its place.
 * @param unreadable told of it.
 */
export function readEvent(id: string, text: unknown, unreadable: () => void): AuditEvent {
  let parsed: unknown;
  try {
    parsed = typeof text === 'string' ? JSON.parse(text) : undefined;
  } catch {
    // Told below.
  }
  const { success, data } = shape.safeParse(parsed);
  if (success) return { ...(data as AuditEntry), id }; // of the kinds that there are, or will be
  unreadable();
  const at = milliseconds(Math.min(auditPlace(id)?.time ?? 0, LATEST));
  return {
    id,
    at,
    actor: { kind: 'system', id: 'unknown' },
    via: 'system',
    action: 'audit.unreadable',
    outcome: 'refused',
  };
}

/** What an id is made of, as whole numbers. */
export interface AuditPlace {
  readonly time: number;
  readonly number: number;
}

export const auditId = ({ time, number }: AuditPlace): string =>
  `${String(time).padStart(15, '0')}-${String(number).padStart(12, '0')}`;

/** @returns undefined for what `auditId` did not write. */
export function auditPlace(id: string): AuditPlace | undefined {
  const [, time, number] = /^(\d{15})-(\d{12})$/.exec(id) ?? [];
  return time === undefined ? undefined : { time: Number(time), number: Number(number) };
}
