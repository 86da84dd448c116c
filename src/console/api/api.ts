/** Operations as HTTP: who asks, what they send, and what they are told. What is done is done in `admin/`. */
import type { Readable } from 'node:stream';
import type { Administration } from '../../admin/administration.ts';
import { type AnyOperation, type By, ROLES } from '../../admin/operation.ts';
import { perform } from '../../admin/perform.ts';
import type { OwnRequest } from '../../http/own_request.ts';
import { readJson, requireJson } from '../../http/request_body.ts';
import { requireSameOrigin } from '../../http/same_origin.ts';
import type { Milliseconds } from '../../model/units.ts';
import type { WireResponse } from '../../model/wire.ts';
import { auditExport } from './audit_export.ts';
import type { Authenticate } from './authentication.ts';
import { pageWith, withCursor } from './cursors.ts';
import { idempotencyKeyOf, type Once } from './idempotency.ts';
import { inputOf } from './input.ts';
import { API, describeApi } from './openapi.ts';
import { ApiProblem } from './problems.ts';
import { type Found, findOperations } from './routing.ts';

export interface ApiDependencies {
  readonly operations: readonly AnyOperation[];
  readonly administration: () => Administration;
  readonly authenticate: Authenticate;
  readonly once: Once;
  /** How long a body may take to arrive. */
  readonly bodyTimeout: Milliseconds;
}

/** One request, as far as the API must know it. */
export interface ApiExchange {
  readonly req: Parameters<typeof readJson>[0]['req'];
  readonly res: Parameters<typeof readJson>[0]['res'];
  readonly method: string;
  /** Of the path behind `/api/v1`, decoded. */
  readonly segments: readonly string[];
  readonly own: OwnRequest;
  /** Tells what was reached, and by whom, for the log. */
  readonly note: (about: { readonly endpoint?: string; readonly user?: string }) => void;
}

export type ApiAnswer = WireResponse | (Omit<WireResponse, 'body'> & { readonly body: Readable });

/** @throws ApiProblem, AdminProblem, ProtocolError, DependencyUnavailable: worded where all failures leave. */
export type Api = (exchange: ApiExchange) => Promise<ApiAnswer>;

/** Bytes. */
const LONGEST_BODY = 1_048_576;
const JSON_TYPE = ['Content-Type', 'application/json'] as const;

export function createApi({ operations, administration, authenticate, once, bodyTimeout }: ApiDependencies): Api {
  const find = findOperations(operations);
  let description: string | undefined;

  return async (exchange) => {
    const { req, own, method, segments, note } = exchange;

    // 1. What a form of another site can send is refused before it is anything.
    requireJson(req);
    requireOwnOrigin(exchange);
    const name = segments.join('/');
    if (name === 'openapi.json') {
      requireGet(method);
      note({ endpoint: 'openapi' });
      description ??= JSON.stringify(describeApi(operations));
      return { status: 200, headers: [JSON_TYPE], body: description };
    }

    // 2. What is asked for, and by whom?
    const found = name === 'audit/export' ? undefined : find(method, segments);
    if (!found) requireGet(method);
    note({ endpoint: found?.operation.id ?? 'audit.export' });
    const key = found && found.method !== 'GET' ? idempotencyKeyOf(req.headers['idempotency-key']) : undefined;
    const by = await authenticate(own);
    note({ user: by.actor.id });

    // 3. With what?
    const body = await readJson(exchange, LONGEST_BODY, bodyTimeout);
    if (!found) return exported(own, body, by);
    const input = withCursor(inputOf(found, { query: own.query, body }));

    // 4. Do it, once. Whoever may not is told so each time, and it is written down each time.
    const act = () => done(found, input, own, by);
    return mayDo(by, found) ? once({ key, actor: by.actor, method: found.method, path: own.path, body }, act) : act();
  };

  async function done(
    { operation }: Found,
    input: Readonly<Record<string, unknown>>,
    { path, query }: OwnRequest,
    by: By,
  ): Promise<WireResponse> {
    const { output, headers } = pageWith(await perform(administration(), operation, input, by), path, query);
    const made = operation.creates ? idOf(output) : undefined;
    const location =
      made === undefined ? [] : [['Location', `${API}${operation.path}/${encodeURIComponent(made)}`] as const];
    return {
      status: operation.creates ? 201 : 200,
      headers: [JSON_TYPE, ...headers, ...location],
      body: JSON.stringify(output),
    };
  }

  async function exported({ query }: OwnRequest, body: unknown, by: By): Promise<ApiAnswer> {
    const filter = inputOf({ method: 'GET', inPath: {} }, { query, body });
    const paged = ['limit', 'after'].find((name) => Object.hasOwn(filter, name));
    if (paged !== undefined) {
      throw new ApiProblem('invalid', 'An export has no pages.', {
        fields: [{ path: paged, message: 'is not for an export' }],
      });
    }
    const lines = await auditExport(administration(), filter, by);
    const headers = [
      ['Content-Type', 'application/x-ndjson'],
      ['Content-Disposition', 'attachment; filename="audit.jsonl"'],
    ] as const;
    return { status: 200, headers, body: lines };
  }
}

const mayDo = ({ role }: By, { operation }: Found): boolean => ROLES.indexOf(role) >= ROLES.indexOf(operation.role);

function requireGet(method: string): void {
  if (method === 'GET' || method === 'HEAD') return;
  throw new ApiProblem('method_not_allowed', 'Use GET, HEAD here.', { headers: [['Allow', 'GET, HEAD']] });
}

/**
 * Refuses what a page of another site makes a browser send: it would send a password that it remembers along. A page that hides its
 * origin is another site's too.
 * @throws ApiProblem `forbidden`.
 */
function requireOwnOrigin({ req: { headers }, own: { authority } }: ApiExchange): void {
  try {
    requireSameOrigin(headers, authority);
    if (headers.origin !== 'null') return;
  } catch {}
  throw new ApiProblem('forbidden', 'This request was sent by a page of another site.');
}

function idOf(output: unknown): string | undefined {
  return typeof output === 'object' && output !== null && 'id' in output && typeof output.id === 'string'
    ? output.id
    : undefined;
}
