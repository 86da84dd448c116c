import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { prefix } from '../../src/config/schema/paths.ts';
import { canonicalTarget, isFailure } from '../../src/gateway/canonical_target.ts';
import { rewrite } from '../../src/gateway/rewrite.ts';
import { route, startLaneServer } from '../support/lane_server.ts';
import { exchange } from '../support/raw_client.ts';
import { startRecordingUpstream } from '../support/recording_upstream.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const it of open.splice(0).reverse()) await it.close();
});

it.each([
  ['/orders/7', '/orders', '/v2/orders', '/v2/orders/7'],
  ['/orders', '/orders', '/v2/orders', '/v2/orders'],
  ['/orders/', '/orders', '/v2/orders', '/v2/orders/'],
  ['/orders/7', undefined, '/v2', '/v2/orders/7'],
  ['/orders', '/orders', undefined, '/'],
  ['/orders/', '/orders', undefined, '/'],
  ['/orders/7', undefined, undefined, '/orders/7'],
  ['/a%28b/c', '/a(b', '/x', '/x/c'],
  ['/', undefined, '/v2', '/v2/'],
])('%s without %s and behind %s is %s', (path, stripPrefix, addPrefix, outcome) => {
  expect(rewrite(path, { stripPrefix, addPrefix })).toBe(outcome);
});

it('is what the upstream sees, with the query and behind its base path', async () => {
  const upstream = await startRecordingUpstream();
  open.push(upstream);
  const more = { auth: 'none', stripPrefix: '/orders', addPrefix: '/v2' } as const;
  const lane = await startLaneServer({ routes: [route('/orders/*', `${upstream.origin}/base`, more)] });
  open.push(lane);
  for (const [asked, seen] of [
    ['/orders/7?a=/../b', '/base/v2/7?a=/../b'],
    ['/orders', '/base/v2'],
  ]) {
    expect((await exchange(lane.port, `GET ${asked} HTTP/1.1\r\nHost: g\r\n\r\n`)).status).toBe(200);
    expect((await upstream.next()).target).toBe(seen);
  }
});

describe('a rewritten path', () => {
  const piece = fc.constantFrom(
    ...['/', 'a', 'B1', '.', '..', '%', '%C3%A9', '%20', '%2F', '%2e', '%28', '(', ';', '\\', '?', '#', ':', '~', 'é'],
  );
  const text = fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join('')}`);

  it('is canonical again, and lies below what was put in front: nothing that is accepted leads out of it', () => {
    let judged = 0;
    fc.assert(
      fc.property(text, text, fc.nat(4), (path, addPrefix, cut) => {
        const target = canonicalTarget(path);
        if (isFailure(target) || !prefix().safeParse(addPrefix).success) return;
        judged++;
        const segments = target.path.split('/');
        const stripPrefix = segments.slice(0, Math.min(cut, segments.length - 1) + 1).join('/');
        for (const rules of [{ addPrefix }, { addPrefix, stripPrefix: stripPrefix || undefined }]) {
          const outcome = rewrite(target.path, rules);
          const again = canonicalTarget(outcome);
          expect(isFailure(again) ? again.description : again.path).toBe(outcome);
          expect(outcome === addPrefix || outcome.startsWith(`${addPrefix}/`)).toBe(true);
        }
      }),
      { numRuns: 20_000 },
    );
    expect(judged).toBeGreaterThan(500);
  });
});
