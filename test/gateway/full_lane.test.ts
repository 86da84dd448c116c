import { afterEach, describe, expect, it } from 'vitest';
import { milliseconds } from '../../src/model/units.ts';
import { route, startLaneServer } from '../support/lane_server.ts';
import { exchange, rawClient } from '../support/raw_client.ts';
import { type Script, startRecordingUpstream } from '../support/recording_upstream.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const it of open.splice(0).reverse()) await it.close();
});

async function start(script?: Script, more: Parameters<typeof route>[2] = {}) {
  const upstream = await startRecordingUpstream(script);
  open.push(upstream);
  const lane = await startLaneServer({ routes: [route('/api/*', upstream.origin, more)] });
  open.push(lane);
  const token = await lane.token();
  const head = (method: string, ...lines: string[]) =>
    [`${method} /api/x HTTP/1.1`, 'Host: gate', `Authorization: Bearer ${token}`, ...lines, '', ''].join('\r\n');
  return { upstream, lane, token, head, port: lane.port };
}

describe('what goes out', () => {
  it('is the call with the identity of its token, once, and without Authorization', async () => {
    const { upstream, port, token } = await start();
    const answer = await exchange(
      port,
      `GET /api/x?y=1 HTTP/1.1\r\nHost: Gate.Example:81\r\nAuthorization: Bearer ${token}\r\nX-Custom: 1\r\n\r\n`,
    );
    expect(answer).toMatchObject({ status: 200, body: 'ok', complete: true });
    expect(answer.values('x-request-id')).toHaveLength(1);
    const request = await upstream.next();
    expect(request).toMatchObject({ method: 'GET', target: '/api/x?y=1', framing: 'none' });
    expect(Object.fromEntries(request.headers)).toEqual({
      host: upstream.origin.slice('http://'.length),
      connection: 'keep-alive',
      'X-Custom': '1',
      'X-User-Id': 'u-alice',
      'X-User-Name': 'Alice Liddell',
      'X-User-Email': 'alice@example.com',
      'X-Client-Id': 'demo-app',
      'X-Token-Scopes': 'demo:read',
      'X-Auth-Connection': 'users',
      'X-Request-Id': answer.values('x-request-id')[0],
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': 'gate.example:81',
      'x-forwarded-proto': 'http',
    });
    expect(request.headers).toHaveLength(13);
  });

  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY', 'PROPFIND']) {
    describe(`framing of ${method}`, () => {
      it('without a body says none, or a length of 0 where one is expected', async () => {
        const { upstream, port, head } = await start();
        expect((await exchange(port, head(method), method)).status).toBe(200);
        const request = await upstream.next();
        expect(request.body.length).toBe(0);
        expect(request.values('transfer-encoding')).toEqual([]);
        if (['GET', 'HEAD', 'DELETE', 'OPTIONS'].includes(method)) expect(request.values('content-length')).toEqual([]);
        else expect(request.values('content-length')).toEqual(['0']);
      });

      it('with a length keeps the length and the bytes, however they are cut', async () => {
        const { upstream, port, head } = await start();
        const client = rawClient(port);
        client.send(head(method, 'Content-Length: 11'));
        for (const part of ['hello', ' ', 'world']) client.send(part);
        expect((await client.response(method)).status).toBe(200);
        const request = await upstream.next();
        expect(request).toMatchObject({ method, framing: 'length' });
        expect(request.body.toString()).toBe('hello world');
        client.close();
      });

      it('chunked stays the same bytes and exactly one request', async () => {
        const { upstream, port, head } = await start();
        const body = '5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nX-User-Id: root\r\n\r\n';
        expect((await exchange(port, head(method, 'Transfer-Encoding: chunked') + body, method)).status).toBe(200);
        const request = await upstream.next();
        expect(request.body.toString()).toBe('hello world');
        expect(request.values('transfer-encoding').length + request.values('content-length').length).toBe(1);
        expect(upstream.connections[0]?.bytes.toString()).not.toContain('root');
        expect(upstream.requests).toHaveLength(1);
      });

      it('with an empty chunked body or a length of 0 is an empty body', async () => {
        const { upstream, port, head } = await start();
        expect((await exchange(port, `${head(method, 'Transfer-Encoding: chunked')}0\r\n\r\n`, method)).status).toBe(
          200,
        );
        expect((await exchange(port, head(method, 'Content-Length: 0'), method)).status).toBe(200);
        for (const request of [await upstream.next(), await upstream.next()]) {
          expect(request.body.length).toBe(0);
          expect(request.values('transfer-encoding')).toEqual([]);
        }
      });
    });
  }

  it('carries binary bodies of a megabyte unchanged', async () => {
    const { upstream, port, head } = await start();
    const bytes = Buffer.from(Array.from({ length: 1 << 20 }, (_, index) => (index * 7919) % 251));
    const client = rawClient(port);
    client.send(head('POST', `Content-Length: ${bytes.length}`));
    client.send(bytes);
    expect((await client.response()).status).toBe(200);
    expect((await upstream.next()).body.equals(bytes)).toBe(true);
    client.close();
  });

  it('is one request for each of several pipelined ones, in order', async () => {
    const { upstream, port, token } = await start((request) => {
      return `HTTP/1.1 200 OK\r\nContent-Length: ${request.target.length}\r\n\r\n${request.target}`;
    });
    const client = rawClient(port);
    const call = (path: string) => `GET ${path} HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    client.send(call('/api/1') + call('/api/2') + call('/api/3'));
    for (const path of ['/api/1', '/api/2', '/api/3']) expect((await client.response()).body).toBe(path);
    expect(upstream.requests).toHaveLength(3);
    client.close();
  });
});

describe('100-continue', () => {
  it('says nothing before the decision: a refused caller never gets to send its body', async () => {
    const { upstream, port } = await start();
    const client = rawClient(port);
    client.send('POST /api/x HTTP/1.1\r\nHost: g\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
    const answer = await client.response();
    expect(answer.status).toBe(401);
    expect(answer.values('connection')).toEqual(['close']);
    client.send('hello');
    await client.closed();
    expect(upstream.requests).toHaveLength(0);
  });

  it('is no word that HTTP/1.0 knows: it would take it for the answer (RFC 9110 §10.1.1)', async () => {
    const { port } = await start(undefined, { auth: 'none' });
    const client = rawClient(port);
    client.send('POST /api/x HTTP/1.0\r\nHost: g\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello');
    expect((await client.response()).status).toBe(200);
    client.close();
  });

  it('is answered once the call may pass, and does not go upstream', async () => {
    const { upstream, port, head } = await start();
    const client = rawClient(port);
    client.send(head('POST', 'Content-Length: 5', 'Expect: 100-continue'));
    expect((await client.response()).status).toBe(100);
    client.send('hello');
    expect((await client.response()).status).toBe(200);
    const request = await upstream.next();
    expect(request.body.toString()).toBe('hello');
    expect(request.values('expect')).toEqual([]);
    client.close();
  });
});

describe('what comes back', () => {
  it('is the answer without hop-by-hop headers and without what the upstream names in Connection', async () => {
    const { port, head } = await start(() =>
      [
        'HTTP/1.1 201 Created',
        'Connection: keep-alive, X-Hop, content-length',
        'Keep-Alive: timeout=5',
        'X-Hop: 1',
        'Proxy-Authenticate: Basic',
        'Trailer: X-T',
        'X-Request-Id: theirs',
        'Set-Cookie: a=1',
        'Set-Cookie: b=2',
        'Content-Length: 2',
        '',
        'ok',
      ].join('\r\n'),
    );
    const answer = await exchange(port, head('GET'));
    expect(answer).toMatchObject({ status: 201, body: 'ok', complete: true });
    expect(answer.values('set-cookie')).toEqual(['a=1', 'b=2']);
    expect(answer.values('content-length')).toEqual(['2']);
    expect(answer.values('x-request-id')).not.toContain('theirs');
    for (const name of ['x-hop', 'proxy-authenticate', 'trailer']) expect(answer.values(name)).toEqual([]);
  });

  it('streams: the head before any body, each chunk as it comes', async () => {
    let push = (_text: string) => {};
    const { port, head } = await start((_request, socket) => {
      push = (text) => void socket.write(`${text.length.toString(16)}\r\n${text}\r\n`);
      return 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n\r\n';
    });
    const client = rawClient(port);
    client.send(head('GET'));
    const seen = async (text: string) => {
      let all = '';
      while (!all.includes(text)) {
        const chunk: Buffer = await new Promise((resolve) => client.socket.once('data', resolve));
        all += chunk.toString();
      }
    };
    await seen('text/event-stream');
    push('data: 1\n\n');
    await seen('data: 1');
    push('data: 2\n\n');
    await seen('data: 2');
    client.close();
  });

  for (const [title, answer, body] of [
    [
      'a chunked body',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n',
      'abcde',
    ],
    ['a body that ends with the connection', 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabcde', 'abcde'],
    [
      'an early hint before it',
      'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
      'ok',
    ],
    ['an empty body', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', ''],
  ] as const) {
    it(`passes on ${title}`, async () => {
      const { port, head } = await start((_request, socket) => {
        socket.write(answer);
        if (answer.includes('close')) socket.end();
        return undefined;
      });
      expect(await exchange(port, head('GET'))).toMatchObject({ status: 200, body, complete: true });
    });
  }

  for (const status of [204, 304]) {
    it(`has no body and no made-up length on ${status}, and the connection lives on`, async () => {
      const { port, head } = await start(() => `HTTP/1.1 ${status} X\r\nETag: "1"\r\n\r\n`);
      const client = rawClient(port);
      for (let call = 0; call < 2; call++) {
        client.send(head('GET'));
        const answer = await client.response();
        expect(answer.status).toBe(status);
        expect(answer.values('transfer-encoding')).toEqual([]);
        expect(answer.values('content-length')).toEqual([]);
      }
      client.close();
    });
  }

  it('keeps the length of a HEAD answer and sends no byte of a body', async () => {
    const { port, head } = await start(() => 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
    const client = rawClient(port);
    for (let call = 0; call < 2; call++) {
      client.send(head('HEAD'));
      expect((await client.response('HEAD')).values('content-length')).toEqual(['1000']);
    }
    client.close();
  });

  it('reaches an HTTP/1.0 caller without chunks', async () => {
    const { port, token } = await start(
      () => 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n',
    );
    const client = rawClient(port);
    client.send(`GET /api/x HTTP/1.0\r\nHost: g\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    expect(await client.response()).toMatchObject({ status: 200, body: 'abcde' });
  });

  it('lets a slow reader slow the upstream down instead of buffering', async () => {
    let written = 0;
    const { port, head } = await start((_request, socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 268435456\r\n\r\n');
      const chunk = Buffer.alloc(65_536);
      const pump = () => {
        while (written < 268_435_456) {
          written += chunk.length;
          if (!socket.write(chunk)) return void socket.once('drain', pump);
        }
      };
      pump();
      return undefined;
    });
    const client = rawClient(port);
    client.socket.pause();
    client.send(head('GET'));
    // Until nothing moves any more: every buffer on the way is full.
    let before = -1;
    while (written !== before || written === 0) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(written).toBeLessThan(64 * 1024 * 1024);
    client.close();
  });

  it('lets a slow upstream slow the sender down instead of buffering', async () => {
    const upstream = await startRecordingUpstream(undefined, (_head, socket) => void socket.pause());
    open.push(upstream);
    const lane = await startLaneServer({ routes: [route('/api/*', upstream.origin)] });
    open.push(lane);
    const client = rawClient(lane.port);
    client.send(
      `POST /api/x HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer ${await lane.token()}\r\nContent-Length: 268435456\r\n\r\n`,
    );
    let sent = 0;
    const chunk = Buffer.alloc(65_536);
    while (sent < 268_435_456) {
      sent += chunk.length;
      if (client.socket.write(chunk)) continue;
      const drained = await Promise.race([
        new Promise((resolve) => client.socket.once('drain', () => resolve(true))),
        new Promise((resolve) => setTimeout(() => resolve(false), 300)),
      ]);
      if (!drained) break;
    }
    expect(sent).toBeLessThan(64 * 1024 * 1024);
    client.close();
  });
});

describe('an upstream', () => {
  it('sees the base path of its target and not the prefix that is stripped', async () => {
    const upstream = await startRecordingUpstream();
    open.push(upstream);
    const lane = await startLaneServer({
      routes: [
        route('/a/b/*', `${upstream.origin}/base/`, { stripPrefix: '/a/b' }),
        route('/a(b/*', upstream.origin, { stripPrefix: '/a(b' }),
      ],
    });
    open.push(lane);
    const token = await lane.token();
    for (const path of ['/a/b', '/a/b/', '/a/b/c?d=/a/b', '/a%28b/c', '/a(b/c']) {
      await exchange(lane.port, `GET ${path} HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    }
    expect(upstream.requests.map(({ target }) => target)).toEqual(['/base/', '/base/', '/base/c?d=/a/b', '/c', '/c']);
  });

  it('shares the calls with the other targets of its route, in turn', async () => {
    const upstreams = [await startRecordingUpstream(), await startRecordingUpstream()];
    open.push(...upstreams);
    const lane = await startLaneServer({
      routes: [
        route(
          '/*',
          upstreams.map(({ origin }) => origin),
        ),
      ],
    });
    open.push(lane);
    const token = await lane.token();
    for (let call = 0; call < 4; call++) {
      await exchange(lane.port, `GET /x HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    }
    expect(upstreams.map(({ requests }) => requests.length)).toEqual([2, 2]);
  });

  it('gets a request once even if it drops the idle connection that the request is sent on', async () => {
    const { upstream, port, head } = await start((_request, socket) => {
      if (upstream.requests.length > 1) socket.destroy();
      return upstream.requests.length > 1 ? undefined : 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
    });
    expect((await exchange(port, head('GET'))).status).toBe(200);
    expect((await exchange(port, head('GET'))).status).toBe(502);
    expect(upstream.requests).toHaveLength(2);
    expect(upstream.connections).toHaveLength(1);
  });

  it('that has closed an idle connection costs no call', async () => {
    const { upstream, port, head } = await start((_request, socket) => {
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      return undefined;
    });
    for (let call = 0; call < 5; call++) {
      expect((await exchange(port, head('GET'))).status).toBe(200);
      await upstream.idle();
    }
    expect(upstream.requests).toHaveLength(5);
  });

  it('may answer before the whole body has come; the connection closes behind that answer', async () => {
    const upstream = await startRecordingUpstream(undefined, (_head, socket) => {
      socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig');
    });
    open.push(upstream);
    const lane = await startLaneServer({ routes: [route('/api/*', upstream.origin)] });
    open.push(lane);
    const client = rawClient(lane.port);
    const token = await lane.token();
    client.send(`POST /api/x HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer ${token}\r\nContent-Length: 5000000\r\n\r\n`);
    client.send(Buffer.alloc(1000));
    const answer = await client.response();
    expect(answer).toMatchObject({ status: 413, body: 'big', complete: true });
    expect(answer.values('connection')).toEqual(['close']);
    await client.closed();
  });
});

it('gives up on a caller that stops sending, and frees the upstream', async () => {
  const { upstream, lane, port, head } = await start(undefined, { upstream: { idleTimeout: milliseconds(150) } });
  const client = rawClient(port);
  client.send(`${head('POST', 'Content-Length: 10')}12345`);
  expect(await client.response()).toMatchObject({ status: 408 });
  await client.closed();
  await upstream.idle();
  expect(await lane.reported()).toMatchObject({ refused: 'request_timeout', fault: 'BodyStalled' });
});

it('reports whose call it was, where it went and how much went through', async () => {
  const { upstream, lane, port, head } = await start();
  await exchange(port, `${head('POST', 'Content-Length: 5')}hello`);
  expect(await lane.reported()).toEqual({
    ...{
      requestId: (await upstream.next()).values('x-request-id')[0],
      method: 'POST',
      path: '/api/x',
      route: '/api/*',
    },
    ...{ client: 'demo-app', user: 'u-alice', status: 200, duration: expect.any(Number), refused: undefined },
    ...{ fault: undefined, upstream: upstream.origin, cache: 'hit', bytesIn: 5, bytesOut: 2, cut: undefined },
  });
});

it('lets calls under way finish when it closes', async () => {
  let answer = () => {};
  const { upstream, lane, port, head } = await start((_request, socket) => {
    answer = () => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate');
    return undefined;
  });
  const late = exchange(port, head('GET'));
  await upstream.next();
  const closed = lane.lane.close();
  answer();
  expect((await late).body).toBe('late');
  await closed;
  await upstream.idle();
});
