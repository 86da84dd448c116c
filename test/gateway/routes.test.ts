import { describe, expect, it } from 'vitest';
import { compileRoutes } from '../../src/gateway/routes.ts';
import type { Route } from '../../src/model/route.ts';
import { route } from '../support/lane_server.ts';

const to = (path: string, more: Parameters<typeof route>[2] = {}) =>
  route(path, 'http://u', { name: `${more.host ?? ''}${path}${more.methods ?? ''}`, ...more });

function table(...routes: Route[]) {
  const compiled = [compileRoutes(routes), compileRoutes(routes.toReversed())];
  return (path: string, { host = 'h', method = 'GET' } = {}) => {
    const [one, other] = compiled.map((it) => it.match(host, path, method)?.name);
    expect(one, 'the order of routes matters').toBe(other);
    return one;
  };
}

describe('a route', () => {
  it('covers its path alone, or with "/*" everything below it as well', () => {
    const match = table(to('/a'), to('/b/*'));
    expect(match('/a')).toBe('/a');
    expect(match('/a/x')).toBeUndefined();
    expect(match('/ab')).toBeUndefined();
    expect(match('/b')).toBe('/b/*');
    expect(match('/b/')).toBe('/b/*');
    expect(match('/b/x/y')).toBe('/b/*');
    expect(match('/bx')).toBeUndefined();
    expect(match('/')).toBeUndefined();
  });

  it('of the root covers everything with "/*" and only "/" without', () => {
    expect(table(to('/*'))('/x/y')).toBe('/*');
    expect(table(to('/*'))('/')).toBe('/*');
    expect(table(to('/'))('/')).toBe('/');
    expect(table(to('/'))('/x')).toBeUndefined();
  });
});

describe('the winner', () => {
  it('has the exact host, then the longest path', () => {
    const match = table(to('/*'), to('/a/*'), to('/a/b/*'), to('/a/b'), to('/a/*', { host: 'own' }));
    expect(match('/a/b')).toBe('/a/b');
    expect(match('/a/b/c')).toBe('/a/b/*');
    expect(match('/a/c')).toBe('/a/*');
    expect(match('/c')).toBe('/*');
    expect(match('/a/b', { host: 'own' })).toBe('own/a/*');
    expect(match('/c', { host: 'own' })).toBe('/*');
  });

  it('has the method, among the routes of that very path', () => {
    const match = table(
      to('/a', { methods: ['GET'] }),
      to('/a', { methods: ['POST', 'PUT'] }),
      to('/b'),
      to('/b', { methods: ['GET'] }),
    );
    expect(match('/a')).toBe('/aGET');
    expect(match('/a', { method: 'PUT' })).toBe('/aPOST,PUT');
    expect(match('/a', { method: 'DELETE' })).toBeUndefined();
    expect(match('/b')).toBe('/bGET');
    expect(match('/b', { method: 'DELETE' })).toBe('/b');
  });

  it('is named when two would be', () => {
    expect(() => compileRoutes([to('/a'), to('/a')])).toThrow('"/a" and "/a" cover the same');
    expect(() => compileRoutes([to('/a', { methods: ['GET'] }), to('/a', { methods: ['GET'] })])).toThrow();
  });
});

describe('nothing falls back to a shorter, perhaps public, path', () => {
  const match = table(
    to('/*', { auth: 'none' }),
    to('/admin/*', { methods: ['GET'] }),
    to('/login'),
    to('/docs/'),
    to('/a(b)/*'),
    to('/own/*', { host: 'own', methods: ['GET'] }),
  );
  for (const [why, path, options] of [
    ['for another method', '/admin/x', { method: 'POST' }],
    ['for another method on an own host', '/own/x', { host: 'own', method: 'POST' }],
    ['for another letter case', '/ADMIN/x', {}],
    ['for a trailing slash', '/login/', {}],
    ['for a missing trailing slash', '/docs', {}],
  ] as const) {
    it(why, () => expect(match(path, options)).toBeUndefined());
  }
  it('for an encoded sub-delimiter', () => expect(match('/a%28b%29/x')).toBe('/a(b)/*'));
  it('and everything else still reaches it', () => expect(match('/other/x')).toBe('/*'));
});

it('takes as many steps with ten thousand routes as with ten', () => {
  const steps = (count: number) => {
    const routes = Array.from({ length: count }, (_, index) =>
      to(`/group${index % 100}/item${index}/*`, { host: 'h' }),
    );
    const { match } = compileRoutes([...routes, to('/*')]);
    // Every step looks into a map: count those looks.
    let looks = 0;
    const get = Map.prototype.get;
    Map.prototype.get = function (key) {
      looks++;
      return get.call(this, key);
    };
    try {
      expect(match('h', '/group7/item7/x/y', 'GET')?.path).toBe('/group7/item7/*');
      expect(match('h', '/nothing/here', 'GET')?.path).toBe('/*');
    } finally {
      Map.prototype.get = get;
    }
    return looks;
  };
  expect(steps(10)).toBeLessThan(20);
  expect(steps(1_000)).toBe(steps(10));
  expect(steps(10_000)).toBe(steps(10));
});
