import { z } from 'zod';
import { AUDIT_ACTIONS, AUDIT_GROUPS } from '../model/audit_actions.ts';
import { milliseconds } from '../model/units.ts';
import type { Administration } from './administration.ts';
import { exactInstantOf, instant, pageOf, paging, reference } from './fields.ts';
import { type By, operation } from './operation.ts';
import { AdminProblem } from './problem.ts';

/** Who did what, when and from where. */

const kinds = ['client', 'user', 'grant', 'session', 'consent', 'personal_token', 'configuration'] as const;

export const auditEventView = z
  .object({
    id: z.string().describe('In the order of time.'),
    at: instant(),
    actor: z.object({
      kind: z.enum(['user', 'command_line', 'system']),
      id: z.string(),
      name: z.string().optional(),
    }),
    via: z.enum(['console', 'api', 'account', 'command_line', 'sign_in', 'system']),
    action: z.string().describe('The operation (`clients.create`), or what happened by itself (`user.sign_in`).'),
    target: z.object({ kind: z.enum(kinds), id: z.string(), name: z.string().optional() }).optional(),
    outcome: z.enum(['done', 'refused']),
    address: z.string().optional(),
    request_id: z.string().optional(),
    detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  })
  .meta({ id: 'AuditEvent' });
export type AuditEventView = z.output<typeof auditEventView>;

const when = () =>
  z.iso
    .datetime({ offset: true, error: 'must be a time such as 2026-11-21T09:30:00Z' })
    .transform((text) => milliseconds(Date.parse(text)));

export const listAudit = operation({
  id: 'audit.list',
  summary: 'Read the audit log',
  description: 'Newest first. A page may be short, or empty, although there are more: then it has a `next`.',
  role: 'auditor',
  method: 'GET',
  path: '/audit',
  input: z.strictObject({
    ...paging,
    actor: reference().optional().describe('The id of who did it.'),
    action: z
      .string()
      .refine((text) => AUDIT_ACTIONS.includes(text) || AUDIT_GROUPS.includes(text), {
        error: 'is no action: write one as clients.create, or the beginning of several as clients.',
      })
      .optional()
      .describe(
        `The whole action, or the beginning of several with its dot: ${AUDIT_GROUPS.map((group) => `\`${group}\``).join(', ')}.`,
      ),
    target: reference().optional().describe('The id of what it was done to.'),
    from: when().optional().describe('At or after.'),
    until: when().optional().describe('Before.'),
  }),
  output: pageOf(auditEventView),
  async run({ audit }, { limit, after, ...filter }) {
    const { items, next } = await audit.page(filter, limit, after).catch((error: unknown) => {
      if (!(error instanceof RangeError)) throw error;
      throw new AdminProblem('invalid', 'The input is not right.', [
        { path: 'after', message: 'is no `next` of a page' },
      ]);
    });
    return {
      items: items.map(({ at, requestId, target, actor, detail, ...event }) => ({
        ...event,
        at: exactInstantOf(at),
        actor: { ...actor },
        ...(target && { target: { ...target } }),
        ...(requestId !== undefined && { request_id: requestId }),
        ...(detail && { detail: { ...detail } }),
      })),
      ...(next !== undefined && { next }),
    };
  },
});

/**
 * Writes down that somebody takes a part of the audit log away; as refused operations, so often at most.
 * @param about the filter, and the format.
 */
export async function noteExport(
  { audit, mayNote, clock }: Administration,
  { actor, via, address, requestId }: By,
  about: Readonly<Record<string, unknown>>,
): Promise<void> {
  if (!mayNote(actor)) return;
  const detail = Object.fromEntries(
    Object.entries(about).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
  const entry = { at: clock.now(), actor, via, action: 'audit.export', outcome: 'done', detail } as const;
  try {
    await audit.append({
      ...entry,
      ...(address !== undefined && { address }),
      ...(requestId !== undefined && { requestId }),
    });
  } catch {
    // Whoever keeps the audit log tells of the loss.
  }
}
