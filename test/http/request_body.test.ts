import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { formPairs } from '../../src/http/form_pairs.ts';
import { jsonPairs } from '../../src/http/json_pairs.ts';
import { readBody } from '../../src/http/request_body.ts';
import { milliseconds } from '../../src/model/units.ts';
import { exchange, rawClient } from '../support/raw_client.ts';
import { type EdgeUnderTest, postBytes, startEdge } from './edge_under_test.ts';

const FORM = 'Content-Type: application/x-www-form-urlencoded';
const JSON_TYPE = 'Content-Type: application/json';
const BASIC = `Authorization: Basic ${Buffer.from('app:app-secret').toString('base64')}`;
let edge: EdgeUnderTest;

beforeAll(async () => {
  edge = await startEdge();
});
afterAll(() => edge.drain());

const post = (body: string, ...headers: string[]) => exchange(edge.port, postBytes('/oauth2/token', body, headers));

describe('the body of a request to our own endpoints', () => {
  it('may be a form or a JSON object', async () => {
    const form = await post('grant_type=client_credentials&scope=read', FORM, BASIC);
    expect(JSON.parse(form.body)).toMatchObject({ token_type: 'Bearer', scope: 'read' });
    const json = await post('{"grant_type":"client_credentials","scope":"read"}', JSON_TYPE, BASIC);
    expect(JSON.parse(json.body)).toMatchObject({ token_type: 'Bearer', scope: 'read' });
  });

  it.each([
    ['a form', 'grant_type=client_credentials&grant_type=password', FORM],
    ['JSON', '{"grant_type":"client_credentials","grant_type":"password"}', JSON_TYPE],
    ['JSON, escaped', '{"grant_type":"client_credentials","grant\\u005ftype":"password"}', JSON_TYPE],
  ])('is refused when %s repeats a parameter', async (_how, body, type) => {
    const answer = await post(body, type, BASIC);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body).error_description).toContain('grant_type');
  });

  it.each([
    ['text', 'Content-Type: text/plain'],
    ['multipart', 'Content-Type: multipart/form-data; boundary=x'],
    ['JSON of another kind', 'Content-Type: application/vnd.api+json'],
    ['another charset', 'Content-Type: application/x-www-form-urlencoded; charset=iso-8859-1'],
    ['utf-7', 'Content-Type: application/json; charset=utf-7'],
    ['garbage', 'Content-Type: application/json, text/html'],
    ['nothing at all', 'X-Nothing: 1'],
  ])('is refused as 415 when its type is %s', async (_what, header) => {
    const answer = await post('grant_type=client_credentials', header, BASIC);
    expect(answer.status).toBe(415);
    expect(JSON.parse(answer.body).error_description).toContain(
      'application/x-www-form-urlencoded or application/json',
    );
  });

  it.each(['gzip', 'br', 'deflate', 'x-unknown'])('is refused as 415 when it is compressed with %s', async (coding) => {
    const answer = await post(
      gzipSync('grant_type=client_credentials').toString('latin1'),
      FORM,
      BASIC,
      `Content-Encoding: ${coding}`,
    );
    expect(answer.status).toBe(415);
    expect(JSON.parse(answer.body).error_description).toContain('Content-Encoding');
  });

  it.each(['{', '[]', '"x"', 'null', '{"a":1,}', '{"grant_type":{"a":1}}', '{"grant_type":["password"]}', "{'a':1}"])(
    'is refused as 400 when it is not a JSON object of scalars: %s',
    async (body) => {
      const answer = await post(body, JSON_TYPE, BASIC);
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.body)).toMatchObject({ error: 'invalid_request' });
    },
  );

  it.each(['grant_type=%', 'grant_type=%zz', 'grant_type=%ff', 'grant_type=\xff'])(
    'is refused as 400 when it is not UTF-8: %j',
    async (body) => {
      const client = rawClient(edge.port);
      client.send(`POST /oauth2/token HTTP/1.1\r\nHost: x\r\n${FORM}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      expect((await client.response()).status).toBe(400);
      client.close();
    },
  );

  it('cannot reach the prototype of anything', async () => {
    for (const body of ['{"__proto__":{"grant_type":"password"}}', '{"__proto__":"x","constructor":"y"}']) {
      expect((await post(body, JSON_TYPE, BASIC)).status).toBe(400);
    }
    expect(
      (await post('__proto__=x&constructor=y&__proto__[a]=z&grant_type=client_credentials', FORM, BASIC)).status,
    ).toBe(200);
    expect(({} as Record<string, unknown>)['a']).toBeUndefined();
  });

  it('is asked for with 100 Continue only once the request got that far', async () => {
    const client = rawClient(edge.port);
    const body = 'grant_type=client_credentials';
    const head = `Content-Length: ${body.length}\r\nExpect: 100-continue\r\n${BASIC}`;
    client.send(`POST /oauth2/token HTTP/1.1\r\nHost: x\r\n${FORM}\r\n${head}\r\n\r\n`);
    expect((await client.response()).status).toBe(100);
    client.send(body);
    expect((await client.response()).status).toBe(200);
    client.send(`POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n${head}\r\n\r\n`);
    expect((await client.response()).status).toBe(415);
    client.close();
    const old = `POST /oauth2/token HTTP/1.0\r\nHost: x\r\n${FORM}\r\n${head}\r\n\r\n${body}`;
    expect((await exchange(edge.port, old)).status).toBe(200);
  });

  it('leaves the connection usable when it was short and not wanted', async () => {
    const client = rawClient(edge.port);
    client.send(postBytes('/oauth2/token', 'x'.repeat(5_000), ['Content-Type: text/plain']));
    expect((await client.response()).status).toBe(415);
    client.send(postBytes('/oauth2/token', 'grant_type=client_credentials', [FORM, BASIC]));
    expect((await client.response()).status).toBe(200);
    client.close();
  });
});

describe('readBody', () => {
  const DEADLINE = milliseconds(12_345);

  /** What was read of each request on one connection, and how often its deadline had to be watched. */
  async function reading(...pieces: readonly string[]) {
    const read: unknown[] = [];
    const ended: boolean[] = [];
    const server = createServer((req, res) => {
      req.on('close', () => ended.push(req.readableEnded));
      void readBody({ req, res }, 'form', DEADLINE).then((pairs) => {
        read.push(pairs);
        res.end();
      });
    });
    const { promise: listening, resolve } = Promise.withResolvers<void>();
    server.listen(0, '127.0.0.1', resolve);
    await listening;
    const timers = vi.spyOn(globalThis, 'setTimeout');
    const client = rawClient((server.address() as AddressInfo).port);
    for (const piece of pieces) {
      client.send(piece);
      // A body that is still to come is answered by nothing: its next piece goes out when this one has been read.
      if (piece.endsWith('=')) await vi.waitFor(() => expect(deadlines()).toBe(1));
      else await client.response();
    }
    function deadlines() {
      return timers.mock.calls.filter(([, delay]) => delay === DEADLINE).length;
    }
    const watched = deadlines();
    timers.mockRestore();
    client.close();
    server.close();
    return { read, watched, ended };
  }

  const form = (body: string, length = body.length) =>
    `POST / HTTP/1.1\r\nHost: x\r\n${FORM}\r\nContent-Length: ${length}\r\n\r\n${body}`;

  it('watches no deadline for a body that came with its head, and lets go of the request', async () => {
    const { read, watched, ended } = await reading(form('a=1'), form('b=2'));
    expect(read).toEqual([[['a', '1']], [['b', '2']]]);
    expect(watched).toBe(0);
    expect(ended).toEqual([true, true]);
  });

  it('watches the deadline of a body of which a part came with its head', async () => {
    const { read, watched } = await reading(form('a=', 3), '1');
    expect(read).toEqual([[['a', '1']]]);
    expect(watched).toBe(1);
  });
});

describe('formPairs', () => {
  it('keeps order, repetition and empty values, and reads a plus as a space', () => {
    expect(formPairs('a=1&b=x+y&a=%26&&c&=d&e=f=g')).toEqual([
      ['a', '1'],
      ['b', 'x y'],
      ['a', '&'],
      ['c', ''],
      ['', 'd'],
      ['e', 'f=g'],
    ]);
    expect(formPairs('')).toEqual([]);
  });
});

describe('jsonPairs', () => {
  it('reads scalars as text, keeps repetitions and leaves out null', () => {
    expect(jsonPairs(' { "a" : "x\\"},{" , "b":1.5e3 ,"c":true,"a":null,"a":"\\u0041\\n", "__proto__":"p" } ')).toEqual(
      [
        ['a', 'x"},{'],
        ['b', '1.5e3'],
        ['c', 'true'],
        ['a', 'A\n'],
        ['__proto__', 'p'],
      ],
    );
    expect(jsonPairs('{ }')).toEqual([]);
  });

  it('is linear in the size of what it refuses', () => {
    const began = performance.now();
    for (const text of [
      `{"a":"${'\\\\'.repeat(30_000)}"`,
      `{${'"a":1,'.repeat(9_000)}`,
      '['.repeat(65_000),
      `{"a":${' '.repeat(65_000)}`,
    ]) {
      expect(() => jsonPairs(text)).toThrow(/JSON object/);
    }
    expect(performance.now() - began).toBeLessThan(500);
  });
});
