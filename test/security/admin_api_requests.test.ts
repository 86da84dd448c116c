import { describe, expect, it } from 'vitest';
import { ADMIN, startConsole } from '../console/console_under_test.ts';
import { exchange, rawClient } from '../support/raw_client.ts';

// Threat: requests that mean two things, or that a browser sends for a page of somebody else, reach operations.

const BODY = '{"name":"Evil","grants":["client_credentials"]}';

const clientsOf = async (gate: Awaited<ReturnType<typeof startConsole>>) =>
  (await gate.call('GET', '/clients')).body.items.map(({ id }: { id: string }) => id);

describe('a page of somebody else, in a browser that remembers the password', () => {
  it.each([
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['a form with files', { 'content-type': 'multipart/form-data; boundary=x' }, 415],
    ['a form of plain text', { 'content-type': 'text/plain' }, 415],
    ['JSON by another name', { 'content-type': 'text/json' }, 415],
    ['JSON in another alphabet', { 'content-type': 'application/json; charset=utf-16' }, 415],
    ['two types', { 'content-type': 'application/json, text/plain' }, 415],
    ['packed JSON', { 'content-type': 'application/json', 'content-encoding': 'gzip' }, 415],
    ['script of another origin', { 'content-type': 'application/json', origin: 'https://evil.example.com' }, 403],
    ['a page that hides its origin', { 'content-type': 'application/json', origin: 'null' }, 403],
    ['another site', { 'content-type': 'application/json', 'sec-fetch-site': 'cross-site' }, 403],
    ['another port', { 'content-type': 'application/json', 'sec-fetch-site': 'same-site' }, 403],
  ])('cannot register a client by %s', async (_name, headers, status) => {
    const gate = await startConsole();
    // Before anybody is asked who they are: a wrong password would count.
    for (const as of ['', ADMIN]) {
      expect((await gate.call('POST', '/clients', { as, body: BODY, headers })).status).toBe(status);
    }
    expect(await clientsOf(gate)).toEqual(['app']);
  });

  it('cannot do what needs no body either', async () => {
    const gate = await startConsole();
    for (const headers of [{ origin: 'https://evil.example.com' }, { 'sec-fetch-site': 'cross-site' }]) {
      expect((await gate.call('POST', '/users/u-alice/sign-out', { headers })).status).toBe(403);
    }
  });

  it('is not allowed to read anything', async () => {
    const gate = await startConsole();
    const asked = await fetch(`${gate.url}/api/v1/clients`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example.com', 'access-control-request-method': 'DELETE' },
    });
    expect(asked.status).toBe(403);
    for (const [name] of asked.headers) expect(name).not.toMatch(/^access-control/);
  });

  it('gets nothing from a cookie', async () => {
    const gate = await startConsole();
    const answer = await gate.call('GET', '/me', {
      as: '',
      headers: { cookie: 'gatehouse_console=x; gatehouse_session=y' },
    });
    expect(answer.status).toBe(401);
  });
});

describe('a name that leads here (DNS rebinding)', () => {
  const ask = (port: number, host: string, path = '/api/v1/me') =>
    exchange(port, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${ADMIN}\r\n\r\n`);

  it.each([
    ['evil.example.com', 421],
    ['evil.example.com:8081', 421],
    ['localhost.evil.example.com', 421],
    ['127.0.0.1.evil.example.com', 421],
    ['admin.example.com', 421],
    ['127.0.0.1:8081', 200],
    ['[::1]:8081', 200],
    ['localhost:8081', 200],
    ['LOCALHOST', 200],
    ['gatehouse.localhost', 200],
  ])('%s → %i', async (host, status) => {
    const gate = await startConsole();
    expect((await ask(gate.port, host)).status).toBe(status);
  });

  it('may be the one that the configuration gives', async () => {
    const gate = await startConsole();
    gate.settings.publicUrl = 'https://admin.example.com';
    expect((await ask(gate.port, 'admin.example.com')).status).toBe(200);
    expect((await ask(gate.port, 'evil.example.com')).status).toBe(421);
    expect((await ask(gate.port, 'evil.example.com', '/api/v1/openapi.json')).status).toBe(421);
  });
});

describe('a request that means two things', () => {
  const framed = (head: string, body: string) =>
    `POST /api/v1/clients HTTP/1.1\r\nAuthorization: ${ADMIN}\r\n${head}\r\n\r\n${body}`;
  const JSON_HEAD = 'Host: localhost\r\nContent-Type: application/json';

  it.each([
    ['two lengths', framed(`${JSON_HEAD}\r\nContent-Length: 2\r\nContent-Length: ${BODY.length}`, BODY)],
    [
      'a length and pieces',
      framed(`${JSON_HEAD}\r\nContent-Length: 2\r\nTransfer-Encoding: chunked`, `2\r\n{}\r\n0\r\n\r\n`),
    ],
    ['two hosts', framed(`${JSON_HEAD}\r\nHost: 127.0.0.1\r\nContent-Length: 2`, '{}')],
    ['no host', framed('Content-Type: application/json\r\nContent-Length: 2', '{}')],
    ['a broken length', framed(`${JSON_HEAD}\r\nContent-Length: +2`, '{}')],
    ['another coding', framed(`${JSON_HEAD}\r\nTransfer-Encoding: xchunked`, '{}')],
    ['a folded header', framed(`${JSON_HEAD}\r\nX: a\r\n b\r\nContent-Length: 2`, '{}')],
    [
      'dots in the path',
      `DELETE /api/v1/users/../clients/app HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${ADMIN}\r\n\r\n`,
    ],
    [
      'encoded dots',
      `DELETE /api/v1/users/%2e%2e/clients/app HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${ADMIN}\r\n\r\n`,
    ],
    [
      'an absolute target',
      `GET http://localhost/api/v1/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${ADMIN}\r\n\r\n`,
    ],
  ])('is refused, and the connection with it: %s', async (_name, request) => {
    const gate = await startConsole();
    const raw = rawClient(gate.port);
    const behind = `POST /api/v1/clients HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${ADMIN}\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;
    raw.send(request + behind);
    expect((await raw.response()).status).toBe(400);
    expect((await raw.closed()).toString()).toBe('');
    expect(await clientsOf(gate)).toEqual(['app']);
  });

  it.each([
    ['an object in an object in an object', `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`],
    ['a list in a list in a list', `${'['.repeat(500_000)}${']'.repeat(500_000)}`],
    ['the same member twice', '{"name":"a","grants":["client_credentials"],"grants":["password"]}'],
    ['a prototype', '{"__proto__":{"role":"admin"},"name":"a","grants":["client_credentials"]}'],
    ['half of a character', '{"name":"\\ud800","grants":["client_credentials"]}'],
  ])('is refused as JSON: %s', async (_name, body) => {
    const gate = await startConsole();
    const began = performance.now();
    expect((await gate.call('POST', '/clients', { body })).status).toBe(400);
    expect(performance.now() - began).toBeLessThan(3000);
    expect(await clientsOf(gate)).toEqual(['app']);
  });

  it('takes no member that an operation does not have', async () => {
    const gate = await startConsole();
    for (const member of ['secrets', 'disabled', 'signingSecret', 'constructor', 'role', 'created_at']) {
      const body = { name: 'a', grants: ['client_credentials'], [member]: 'x' };
      expect(await gate.call('POST', '/clients', { body })).toMatchObject({
        status: 422,
        body: { errors: [{ path: member }] },
      });
    }
  });
});

describe('text that would be something else in an answer', () => {
  it.each([
    '\r\nSet-Cookie: a=b',
    '"><script>alert(1)</script>',
    '../../health',
    'ž 日本',
    '%0d%0aX: y',
    '; rel="prev"',
  ])('stays what it is: %j', async (id) => {
    const gate = await startConsole();
    const encoded = encodeURIComponent(id);
    for (const path of [`/users/${encoded}`, `/users/${encoded}/sessions?limit=1`, `/clients/${encoded}`]) {
      const answer = await gate.call('GET', path);
      expect([200, 400, 404, 422]).toContain(answer.status);
      expect(answer.headers.has('set-cookie')).toBe(false);
      expect(answer.headers.has('x')).toBe(false);
      expect(answer.headers.get('content-type')).toMatch(/^application\/(problem\+)?json$/);
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    }
  });

  it('stays what it is in the headers that an answer gets', async () => {
    const gate = await startConsole();
    const name = 'a\u2028"><img src=x>';
    const made = await gate.call('POST', '/users', {
      body: { id: 'u-"><b>/?#;', username: 'evil', name, password: 'a long password' },
    });
    expect(made.status).toBe(201);
    const location = made.headers.get('location') ?? '';
    expect(location).toBe('/api/v1/users/u-%22%3E%3Cb%3E%2F%3F%23%3B');
    const read = await gate.call('GET', location.slice('/api/v1'.length));
    expect(read).toMatchObject({ status: 200, body: { id: 'u-"><b>/?#;', name } });
  });

  it('is shown as text on the page that a problem leads to', async () => {
    const gate = await startConsole();
    const answer = await fetch(`${gate.url}/nothing/%3Cscript%3E`, { headers: { accept: 'text/html' } });
    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await answer.text()).not.toContain('<script');
    for (const path of ['/problems/__proto__', '/problems/constructor', '/problems/', '/problems/invalid/x']) {
      expect((await fetch(gate.url + path)).status).toBe(404);
    }
  });
});
