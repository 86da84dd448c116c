/**
 * This room owns what operators can do and see: one definition for each operation, with the schemas that the API, its description,
 * the console and the command line all read. It knows no HTTP and no page, and decides nothing about tokens that `tokens/` and
 * `oauth/` do not decide.
 */
import type { z } from 'zod';
import type { Actor, AuditTarget, AuditVia } from '../model/audit.ts';
import type { Administration } from './administration.ts';

/** An auditor sees everything and changes nothing. */
export const ROLES = ['auditor', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Who asks, and what is written down of them. */
export interface By {
  readonly actor: Actor;
  readonly role: Role;
  readonly via: AuditVia;
  readonly address?: string | undefined;
  readonly requestId?: string | undefined;
}

/** One thing that operators can do. Definitions are constants: what they work on is handed to `run`. */
export interface Operation<Input = unknown, Output = unknown> {
  /** `clients.create`: also the action in the audit log, and the `operationId`. */
  readonly id: string;
  readonly summary: string;
  readonly description?: string | undefined;
  /** The least that is needed. */
  readonly role: Role;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below `/api/v1`. `{id}` stands for the member of the input with that name; the others travel in the query of a GET, else in a JSON body. */
  readonly path: `/${string}`;
  /** A strict object; its members are spelled as in the YAML (`redirect_uris`). Numbers of a GET may be written as text. */
  readonly input: z.ZodType<Input>;
  readonly output: z.ZodType<Output>;
  /** The answer is 201, not 200. */
  readonly creates?: boolean | undefined;
  /** What it was done to, for the audit log; absent for what changes nothing. Written as methods, so that lists can hold any. */
  audit?(input: Input, output?: Output): AuditTarget | undefined;
  /** What else the audit log should say of it. Never a secret. */
  detail?(input: Input, output?: Output): Readonly<Record<string, string | number | boolean>>;
  /** @throws AdminProblem, DependencyUnavailable */
  run(admin: Administration, input: Input, by: By): Promise<Output>;
}

/** One of which it does not matter what goes in and what comes out. */
export type AnyOperation = Operation;

/** Lets the compiler take the types from the schemas. */
export const operation = <Input, Output>(definition: Operation<Input, Output>): Operation<Input, Output> => definition;
