import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isFailure } from '../../src/gateway/canonical_target.ts';
import { FastHead, readFastHead } from '../../src/gateway/fast_head.ts';
import { DEFAULT_IDENTITY_HEADERS, headerKinds } from '../../src/gateway/header_kinds.ts';
import { createIdentify } from '../../src/gateway/identify.ts';
import { readHead } from '../../src/gateway/request_head.ts';
import { outgoingHead } from '../../src/gateway/upstream/outgoing_head.ts';
import type { AccessToken } from '../../src/model/token.ts';
import { seconds } from '../../src/model/units.ts';
import { alice, route } from '../support/lane_server.ts';

/*
 * The lines that a token or a connection always has are joined once, beside the list of all lines. What goes out by the text must be
 * what the list says, whatever was asked on the connection before.
 */

const to = route('/*', 'http://127.0.0.1:1');
const PROXY = '192.0.2.1';

const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), fc.constantFrom('a', 'a\r\nX-Evil: 1', 'é', ''));
const records = fc.record({ client: text, subject: text, name: text, email: text, scope: text });
const recordOf = (of: {
  client: string;
  subject: string;
  name: string;
  email: string;
  scope: string;
}): AccessToken => ({
  ...{ family: 'f', issuedAt: seconds(1), expiresAt: seconds(2), client: of.client, scopes: [of.scope], audience: [] },
  user: { ...alice, subject: of.subject, name: of.name, email: of.email },
});
const lines = fc.array(
  fc.constantFrom(
    ...['X-Forwarded-For: 203.0.113.9', 'X-Forwarded-Host: other.example', 'X-Forwarded-Proto: https', 'Accept: */*'],
    ...['X-Request-Id: from-the-proxy', 'X-User-Id: u-evil', 'X-Forwarded-Host: no host', 'Cookie: a=b'],
  ),
  { maxLength: 4 },
);
const requests = fc.array(fc.record({ host: fc.constantFrom('g', 'G', 'g:80', 'other.example', '[::1]'), lines }), {
  minLength: 1,
  maxLength: 4,
});

it('what goes out is what the list of headers says', () => {
  const requestIds = fc.constantFrom('X-Request-Id', 'X-Trace', null);
  fc.assert(
    fc.property(
      ...[records, fc.boolean(), fc.constantFrom(PROXY, '198.51.100.7', undefined), requestIds, requests],
      (facts, known, address, requestId, all) => {
        const names = { ...DEFAULT_IDENTITY_HEADERS, requestId };
        const kindOf = headerKinds(names);
        const identify = createIdentify({ names, kindOf, isTrusted: (address) => address === PROXY });
        const record = known ? recordOf(facts) : undefined;
        const used = new FastHead(false);
        used.remoteAddress = address;
        for (const { host, lines } of all) {
          const bytes = `GET / HTTP/1.1\r\nHost: ${host}\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
          const fresh = new FastHead(false);
          fresh.remoteAddress = address;
          const [one, other] = [used, fresh].map((head) => {
            expect(readFastHead(bytes, head)).toBe(bytes.length);
            const read = readHead(head, kindOf);
            if (isFailure(read)) throw new Error(read.description);
            return identify.headers(head, read, to, record, 'of-this-call');
          });
          if (one === undefined || other === undefined) throw new Error('nothing was read');
          expect(one.ours).toBeDefined();
          const call = { route: to, method: 'GET', target: '/', body: 'none' } as const;
          const byList = outgoingHead({ ...call, headers: one.headers }, '', ' HTTP/1.1\r\n');
          expect(outgoingHead({ ...call, ...one }, '', ' HTTP/1.1\r\n')).toBe(byList);
          expect(one.headers).toEqual(other.headers);
          used.forget();
        }
      },
    ),
    { numRuns: 1_000 },
  );
});

it('lines that cannot be sent have no text, and are refused with the list', () => {
  const kindOf = headerKinds(DEFAULT_IDENTITY_HEADERS);
  const identify = createIdentify({ names: DEFAULT_IDENTITY_HEADERS, kindOf, isTrusted: () => false });
  const head = new FastHead(false);
  head.remoteAddress = '192.0.2.1\r\nX-User-Id: u-evil';
  readFastHead('GET / HTTP/1.1\r\nHost: g\r\n\r\n', head);
  const read = readHead(head, kindOf);
  if (isFailure(read)) throw new Error(read.description);
  const headers = identify.headers(head, read, to, undefined, 'an-id-of-ours');
  expect(headers.ours).toBeUndefined();
  expect(outgoingHead({ route: to, method: 'GET', target: '/', ...headers, body: 'none' }, '', '')).toBeUndefined();
});
