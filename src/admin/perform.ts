import type { z } from 'zod';
import type { AuditEntry } from '../model/audit.ts';
import { refusalWords } from '../model/refusal_words.ts';
import { RegistryProblem, type RegistryReason } from '../registry/problem.ts';
import type { Administration } from './administration.ts';
import type { By, Operation } from './operation.ts';
import { ROLES } from './operation.ts';
import { AdminProblem, type FieldProblem, invalidFields, type ProblemType } from './problem.ts';

/**
 * Does one thing for somebody: the only way to an operation, whichever door they came through. What changes something is written
 * down, and so is what was tried and refused.
 * @param raw what was sent, not yet looked at.
 * @throws AdminProblem if it is not done, DependencyUnavailable and CorruptRecord if nobody can tell how far it came.
 */
export async function perform<Input, Output>(
  admin: Administration,
  operation: Operation<Input, Output>,
  raw: unknown,
  by: By,
): Promise<Output> {
  const parsed = operation.input.safeParse(raw, { error: refusalWords });
  const input = parsed.success ? parsed.data : undefined;
  try {
    // 1. May they?
    if (ROLES.indexOf(by.role) < ROLES.indexOf(operation.role)) throw forbidden();

    // 2. Is it what the schema says?
    if (!parsed.success) throw invalid(parsed.error);

    // 3. Do it.
    const output = await operation.run(admin, parsed.data, by);

    // 4. Write it down.
    await writeDown({ admin, operation, by, input, output });
    return output;
  } catch (thrown) {
    const error = thrown instanceof RegistryProblem ? problemOf(thrown) : thrown;
    await writeDown({ admin, operation, by, input, error });
    throw error;
  }
}

interface Occurrence<Input, Output> {
  readonly admin: Administration;
  readonly operation: Operation<Input, Output>;
  readonly by: By;
  readonly input: Input | undefined;
  readonly output?: Output | undefined;
  readonly error?: unknown;
}

async function writeDown<Input, Output>(it: Occurrence<Input, Output>): Promise<void> {
  const { admin, operation, by } = it;
  if (!operation.audit || (it.error !== undefined && !admin.mayNote(by.actor))) return;
  const entry: AuditEntry = {
    at: admin.clock.now(),
    actor: by.actor,
    via: by.via,
    action: operation.id,
    outcome: it.error === undefined ? 'done' : 'refused',
    ...targetOf(it),
    ...(by.address !== undefined && { address: by.address }),
    ...(by.requestId !== undefined && { requestId: by.requestId }),
    ...detailOf(it),
  };
  try {
    await admin.audit.append(entry);
  } catch {
    // It is done or refused by now, and the secret that an answer holds is shown once: whoever keeps the audit log tells of the loss.
  }
}

function targetOf<Input, Output>({ operation, input, output }: Occurrence<Input, Output>): Pick<AuditEntry, 'target'> {
  const target = input === undefined ? undefined : operation.audit?.(input, output);
  return target === undefined || target.id === '' ? {} : { target };
}

function detailOf<Input, Output>({
  operation,
  input,
  output,
  error,
}: Occurrence<Input, Output>): Pick<AuditEntry, 'detail'> {
  const detail = {
    ...(operation.method === 'PATCH' && input !== undefined && { changed: changedMembers(operation, input) }),
    ...(input !== undefined && operation.detail?.(input, output)),
    ...(error !== undefined && { problem: error instanceof AdminProblem ? error.type : 'failed' }),
  };
  return Object.keys(detail).length === 0 ? {} : { detail };
}

/** The names of the members that were sent: they come from the schema. */
function changedMembers<Input>({ path }: Pick<Operation, 'path'>, input: Input): string {
  const names = typeof input === 'object' && input !== null ? Object.entries(input) : [];
  return names
    .filter(([name, value]) => value !== undefined && name !== 'revision' && !path.includes(`{${name}}`))
    .map(([name]) => name)
    .join(' ');
}

const forbidden = () =>
  new AdminProblem(
    'forbidden',
    'An auditor may look at everything and change nothing: ask somebody with the role admin.',
  );

const invalid = ({ issues }: z.ZodError): AdminProblem => invalidFields(issues.flatMap(fieldsOf).slice(0, MOST_FIELDS));

const TYPES: Readonly<Record<RegistryReason, ProblemType>> = {
  taken: 'conflict',
  changed: 'conflict',
  not_found: 'not_found',
  configured: 'configured',
  unfit: 'invalid',
};

function problemOf({ reason, message, field }: RegistryProblem): AdminProblem {
  return new AdminProblem(
    TYPES[reason],
    message,
    field === undefined ? [] : [{ path: field, message: 'is taken: choose another' }],
  );
}

const MOST_FIELDS = 50;
/** What nobody foresaw may have any name. */
const LONGEST_NAME = 64;

function fieldsOf(issue: z.core.$ZodIssue): readonly FieldProblem[] {
  const path = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const message = `is not known here; there are: ${issue.message}`;
    return issue.keys.map((key) => ({ path: [path, key.slice(0, LONGEST_NAME)].filter(Boolean).join('.'), message }));
  }
  return [{ path, message: issue.message }];
}
