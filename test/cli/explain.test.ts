import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore, variants } from '../../src/compose.ts';
import { loadConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/model/clock.ts';
import { STANDARD_TOKENS } from '../../src/model/token_policy.ts';
import { seconds } from '../../src/model/units.ts';
import { createLog } from '../../src/observe/log.ts';
import { mint } from '../../src/tokens/format.ts';
import { createIssuer } from '../../src/tokens/issuing.ts';
import { createTokenMarks } from '../../src/tokens/token_marks.ts';
import { runCommand } from '../support/command_run.ts';

let folder: string;
let token: string;
let refresh: string;
const file = () => join(folder, 'gatehouse.yaml');
const explain = (args: readonly string[], stdin?: string) =>
  runCommand(['explain', ...args, '--config', file()], stdin);

async function openBackend() {
  const config = await loadConfig(file(), { env: {}, variants });
  return openStore(config, createLog({ level: 'silent', destination: { write: () => {} } } as never), systemClock);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-explain-'));
  await writeFile(
    file(),
    `store: { type: embedded, path: ${join(folder, 'g.db')} }
routes:
  - { name: orders, path: /orders/*, upstream: http://10.0.0.5:9000, scopes: { GET: [read], POST: [write] }, strip_prefix: /orders }
  - { name: few, path: /few, upstream: http://10.0.0.5:9000, limits: { per_token: 2/1h, concurrent: 3 } }
  - { name: shared, path: /shared, upstream: http://10.0.0.5:9000, auth: optional, limits: { per_client: 5/1h, concurrent: 3 } }
clients:
  - { id: app, secret: s, grants: [client_credentials], scopes: [read] }
  - { id: writer, secret: s, grants: [client_credentials], scopes: [read, write] }
`,
  );
  const backend = await openBackend();
  const settings = { accessTtl: 60, refreshTtl: 600, codeTtl: 60, refreshGrace: 10 };
  const marks = createTokenMarks({ documents: backend.documents });
  const issuer = createIssuer({ store: backend.tokens, clock: systemClock, settings: settings as never, marks });
  const user = { subject: 'u-alice', username: 'alice', name: 'Alice \u0007', connection: 'users', roles: [] };
  const issued = await issuer.issue({
    policy: STANDARD_TOKENS,
    authorization: { client: 'app', user, scopes: ['read'], audience: [], authenticatedAt: seconds(1) },
    ...{ scopes: ['read'], refreshable: true },
  });
  token = issued.accessToken;
  refresh = issued.refreshToken ?? '';
  marks.close();
  await backend.close();
});
afterAll(() => rm(folder, { recursive: true }));

describe('gatehouse explain', () => {
  it('tells the whole decision about a call that would go on, and ends with 0', async () => {
    const { code, output, errors } = await explain(['GET', '/orders/7', '--token', '-'], `${token}\n`);
    expect(output).toContain('ok    route          orders: /orders/* on any host, any method.');
    expect(output).toContain('It is known: it was issued to app for u-alice (users)');
    expect(output).toContain('GET /7 goes to http://10.0.0.5:9000.');
    expect(output).toMatch(/let through by the route orders, to http:\/\/10\.0\.0\.5:9000 as \/7, with\n/);
    expect(output).toMatch(/^ {2}X-User-Id: +u-alice$/m);
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
  });

  it('tells where a call stops and what to change, and ends with 1', async () => {
    const { code, output } = await explain(['POST', '/orders/7', '--token-stdin'], `Authorization: Bearer ${token}`);
    expect(output).toContain('STOP  authorization  The route orders needs write; the token has read. Missing: write.');
    expect(output).toContain(
      '-> Add write to scopes of the client app, and get a new token. Clients that may ask for it: writer.',
    );
    expect(output).toContain('refused with 403 (insufficient_scope)');
    expect(code).toBe(1);
  });

  it('says what was pasted instead of an access token, and tells ours from what others made up', async () => {
    expect((await explain(['GET', '/orders', '--token', '-'], refresh)).output).toContain('It is a refresh token');
    const forged = mint(STANDARD_TOKENS.access);
    expect((await explain(['GET', '/orders', '--token', '-'], forged)).output).toContain('do not follow from the rest');
  });

  it('counts nothing, however often it is asked', async () => {
    for (let time = 0; time < 3; time++) {
      const { output } = await explain(['GET', '/few', '--token', '-'], token);
      expect(output).toContain('limits         2 of 2 calls are left for the next 3600 s. At most 3 may be under way');
    }
  });

  it('tells what all tokens of a client, or an address, have left together', async () => {
    const ofClient = await explain(['GET', '/shared', '--token', '-'], token);
    expect(ofClient.output).toContain(
      'All tokens of the client together have 5 of 5 calls left for the next 3600 s. At most 3 may be under way',
    );
    const { output } = await explain(['GET', '/shared']);
    expect(output).toMatch(/limits +The address has 5 of 5 calls left for the next 3600 s\.\n/);
  });

  it('takes a URL as it is written, headers and a host', async () => {
    const { output } = await explain(['GET', 'https://api.example.com/orders/../x']);
    expect(output).toContain('STOP  target         The path contains a "." or ".." segment');
    const elsewhere = await explain(['GET', 'http://api.example.com:80']);
    expect(elsewhere.output).toContain('GET / on the host api.example.com.');
    const told = await explain(['GET', '/orders', '--header', `Authorization: Bearer ${token}`, '--json']);
    expect(JSON.parse(told.output).verdict).toMatchObject({ outcome: 'forwarded', status: 200, from: 'store' });
    expect((await explain(['POST', '/oauth2/token'])).output).toContain('it is one of its own endpoints');
  });

  it('repeats no token, and says when others could see it', async () => {
    const told = await explain(['GET', '/orders', '--token', token]);
    expect(told.errors).toContain('Other users of this machine can see');
    for (const args of [
      [`/orders?access_token=${token}`],
      ['/orders', '--token', token],
      [`/orders/${encodeURIComponent(';')}`],
    ]) {
      const { output, errors } = await explain(['GET', ...args]);
      expect(output + errors).not.toContain(token);
    }
  });

  it.each<[string, string[]]>([
    ['no path', ['GET']],
    ['too much', ['GET', '/a', '/b']],
    ['a path that is none', ['GET', 'orders']],
    ['a header that is none', ['GET', '/a', '--header', 'X']],
    ['a header of two lines', ['GET', '/a', '--header', 'X: a\r\nHost: b']],
    ['a method that is none', ['GE T', '/a']],
    ['a token with a space', ['GET', '/a', '--token', 'a b c']],
    ['two sources of a token', ['GET', '/a', '--token', 'abc', '--token-stdin']],
  ])('ends with 2 for %s', async (_what, args) => {
    expect((await explain(args)).code).toBe(2);
  });

  it('ends with 2 where only the running gateway knows the tokens', async () => {
    const memory = join(folder, 'memory.yaml');
    await writeFile(memory, 'store: { type: memory }\nroutes: [{ name: a, path: /*, upstream: demo }]\n');
    const asked = await runCommand(['explain', 'GET', '/a', '--token', '-', '--config', memory], token);
    expect(asked).toMatchObject({ code: 2, errors: expect.stringContaining('memory store') });
    expect((await runCommand(['explain', 'GET', '/a', '--config', memory])).code).toBe(1);
  });
});
