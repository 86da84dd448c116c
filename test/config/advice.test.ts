import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { adviceOn } from '../../src/config/advice.ts';
import { selfSigned } from '../http/self_signed.ts';
import { parse, problemsOf } from './stand_ins.ts';

describe('advice on a configuration', () => {
  it.each(['127.0.0.1', '::1', 'localhost', '127.8.0.1'])('is not needed when operators come from here: %s', (host) => {
    expect(adviceOn(parse(`admin: { host: '${host}' }`))).toEqual([]);
  });

  it.each(['0.0.0.0', '::', '10.1.2.3', 'gatehouse.internal'])('tells of passwords in the clear: %s', (host) => {
    expect(adviceOn(parse(`admin: { host: '${host}' }`))).toEqual([
      expect.stringContaining(`admin.host: the admin listener is open to ${host} without TLS`),
    ]);
  });

  it('is satisfied with TLS', async () => {
    const pair = await selfSigned();
    const files = {
      '/etc/gatehouse/a.pem': readFileSync(pair.cert, 'utf8'),
      '/etc/gatehouse/a.key': readFileSync(pair.key, 'utf8'),
    };
    const config = parse('admin: { host: 0.0.0.0, tls: { cert: a.pem, key: a.key } }', { files });
    expect(config.admin.tls).toEqual({ cert: '/etc/gatehouse/a.pem', key: '/etc/gatehouse/a.key' });
    expect(adviceOn(config)).toEqual([]);
  });
});

describe('the keys of the admin listener', () => {
  it('become its settings', () => {
    const yaml = `admin:
  public_url: https://admin.example.com/
  console: false
  session_ttl: 1h
  bearer_scope: gatehouse:admin
  terms_url: https://example.com/terms?v=2
`;
    expect(parse(yaml).admin).toEqual({
      ...{ host: '127.0.0.1', port: 8081, publicUrl: 'https://admin.example.com', console: false },
      ...{ sessionTtl: 3600, bearerScope: 'gatehouse:admin', termsUrl: 'https://example.com/terms?v=2' },
    });
  });

  it.each([
    ['session_ttl: 31d', 'admin.session_ttl: must be from 1m to 30d'],
    ['bearer_scope: a b', 'admin.bearer_scope: must be visible ASCII without spaces, quotes or backslashes'],
    ['terms_url: javascript:alert(1)', 'admin.terms_url: must be a URL such as https://www.example.com/terms'],
    ['public_url: https://admin.example.com/console', 'admin.public_url: must be an origin such as'],
    ['tls: { cert: cert.pem }', 'admin.tls.key: is missing: it must be text'],
    ['tls: { cert: c.pem, key: k.pem }', 'admin.tls.cert: the file it names does not exist'],
  ])('are checked: %s', (key, problem) => {
    expect(problemsOf(`admin: { ${key} }`)[0]).toContain(problem);
  });
});
