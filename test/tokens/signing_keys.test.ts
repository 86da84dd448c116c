import { decodeProtectedHeader, importJWK, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { CorruptRecord } from '../../src/model/failure.ts';
import { seconds } from '../../src/model/units.ts';
import type { DocumentStore } from '../../src/stores/document_store.ts';
import { MemoryDocuments } from '../../src/stores/memory_documents.ts';
import { signJwt } from '../../src/tokens/jws.ts';
import { createSigningKeys, type SigningKeysDependencies } from '../../src/tokens/signing_keys.ts';
import { ManualClock } from '../support/manual_clock.ts';

const DAY = 86_400;
const SECRET = 'a server secret of more than 32 characters';

const nodeOf = (change: Partial<SigningKeysDependencies> = {}) => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const documents: DocumentStore = new MemoryDocuments();
  const settings = { rotation: seconds(30 * DAY), tokenTtl: seconds(3600), algorithms: ['ES256'] as const };
  const deps = { clock, documents, ...settings, ...change };
  return { clock, documents, deps, keys: createSigningKeys(deps) };
};

const kidsOf = (jwks: readonly Readonly<Record<string, unknown>>[]) => jwks.map(({ kid }) => kid);

describe('signing keys', () => {
  it.each(['RS256', 'ES256'] as const)(
    'make an %s key on first need, which verifies what it signs',
    async (algorithm) => {
      const { keys } = nodeOf({ algorithms: [algorithm] });
      const token = await signJwt({ sub: 'u' }, await keys.current(algorithm));
      const { kid, alg } = decodeProtectedHeader(token);
      expect(alg).toBe(algorithm);
      const jwk = (await keys.published()).find((each) => each['kid'] === kid);
      expect(jwk).toMatchObject({ alg: algorithm, use: 'sig' });
      expect(
        Object.keys(jwk ?? {}).filter((member) => ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'].includes(member)),
      ).toEqual([]);
      await expect(jwtVerify(token, await importJWK(jwk ?? {}, algorithm))).resolves.toMatchObject({
        payload: { sub: 'u' },
      });
    },
  );

  it('are public before they sign, and until everything they signed has expired', async () => {
    const { clock, keys } = nodeOf();
    const first = (await keys.current('ES256')).kid ?? '';
    const [one, next] = kidsOf(await keys.published());
    expect(one).toBe(first);

    clock.advance(30 * DAY * 1000);
    expect((await keys.current('ES256')).kid).toBe(next);
    expect(kidsOf(await keys.published())).toContain(first);
    expect(await keys.find(first)).toBeDefined();

    clock.advance((DAY + 3600 + 1) * 1000);
    expect(kidsOf(await keys.published())).not.toContain(first);
    expect(await keys.find(first)).toBeUndefined();
  });

  it('begin anew after nobody asked for a year, and forget the old ones', async () => {
    const { clock, documents, keys } = nodeOf();
    const first = (await keys.current('ES256')).kid;
    clock.advance(365 * DAY * 1000);
    const { kid } = await keys.current('ES256');
    expect(kid).not.toBe(first);
    expect(kidsOf(await keys.published())).toHaveLength(2);
    expect((await documents.list('signing_key', 100)).items).toHaveLength(2);
  });

  it('are the same on nodes that need them at the same moment, and whose clocks differ by a second', async () => {
    const one = nodeOf();
    const late = new ManualClock(Date.UTC(2026, 0, 1) - 1000);
    const nodes = [one.keys, ...[late, one.clock, late].map((clock) => createSigningKeys({ ...one.deps, clock }))];
    const kids = await Promise.all(nodes.map(async (keys) => (await keys.current('ES256')).kid));
    expect(new Set(kids).size).toBe(1);
    expect((await one.documents.list('signing_key', 100)).items).toHaveLength(2);
  });

  it('ask the store once for many at the same time, and seldom for a name that nobody knows', async () => {
    const { clock, documents, deps } = nodeOf();
    let asked = 0;
    const list: DocumentStore['list'] = (...query) => {
      asked++;
      return documents.list(...query);
    };
    const keys = createSigningKeys({ ...deps, documents: { ...bound(documents), list } });
    await Promise.all(Array.from({ length: 20 }, () => keys.current('ES256')));
    const first = asked;
    await Promise.all(Array.from({ length: 20 }, () => keys.current('ES256')));
    for (let index = 0; index < 20; index++) expect(await keys.find(`invented-${index}`)).toBeUndefined();
    expect(asked).toBe(first);
    clock.advance(1_500);
    await keys.find('invented');
    expect(asked).toBe(first + 1);
  });

  it('hide the private half with the server secret, and open it with no other', async () => {
    const { documents, deps, keys } = nodeOf({ serverSecret: SECRET });
    await keys.current('ES256');
    const { items } = await documents.list('signing_key', 10);
    expect(items.map(({ document }) => document.privateJwk).join()).not.toContain('"d"');
    await expect(createSigningKeys(deps).current('ES256')).resolves.toBeDefined();
    for (const serverSecret of [`${SECRET}!`, undefined]) {
      await expect(createSigningKeys({ ...deps, serverSecret }).current('ES256')).rejects.toThrow(CorruptRecord);
    }
  });

  it('refuse a stored key that is not what it should be, and never publish a private part', async () => {
    const { documents, deps, keys } = nodeOf();
    await keys.current('ES256');
    const [item] = (await documents.list('signing_key', 10)).items;
    if (!item) throw new Error('no key was stored');
    const privateParts = JSON.parse(item.document.privateJwk) as Record<string, unknown>;
    const wrong = [
      { ...item.document, publicJwk: { ...item.document.publicJwk, d: privateParts['d'] } },
      { ...item.document, publicJwk: { kty: 'oct', k: 'c2VjcmV0', kid: 'x', alg: 'HS256' } },
      { ...item.document, publicJwk: { ...item.document.publicJwk, x: 'AAAA' } },
      { ...item.document, algorithm: 'RS256' as const },
      { ...item.document, privateJwk: '{' },
    ];
    for (const document of wrong) {
      await documents.put('signing_key', item.id, document);
      await expect(createSigningKeys(deps).current('ES256')).rejects.toThrow(CorruptRecord);
    }
  });
});

const bound = (documents: DocumentStore): DocumentStore => ({
  get: (...query) => documents.get(...query),
  put: (...query) => documents.put(...query),
  delete: (...query) => documents.delete(...query),
  list: (...query) => documents.list(...query),
  search: (...query) => documents.search(...query),
});
