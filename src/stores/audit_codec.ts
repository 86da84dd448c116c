import { z } from 'zod';
import type { AuditEntry, AuditEvent } from '../model/audit.ts';
import { CorruptRecord } from '../model/failure.ts';
import { milliseconds } from '../model/units.ts';

/** Audit events as JSON text, and their ids: a time and a number, written so that texts compare as they do. */

/** Kinds and doors are not checked against those of this version: what a newer one wrote is to be read too. */
const shape = z.object({
  at: z.number().transform((count) => milliseconds(count)),
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

/** @throws CorruptRecord */
export function decodeEvent(id: string, text: unknown): AuditEvent {
  let parsed: unknown;
  try {
    parsed = typeof text === 'string' ? JSON.parse(text) : undefined;
  } catch {
    // The error of JSON.parse quotes the text, so it must not travel.
  }
  const { success, data } = shape.safeParse(parsed);
  if (!success) throw new CorruptRecord('audit event');
  return { ...(data as AuditEntry), id }; // of the kinds that there are, or will be
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
