import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { FastHead, readFastHead } from '../../src/gateway/fast_head.ts';
import { DEFAULT_IDENTITY_HEADERS, headerKinds } from '../../src/gateway/header_kinds.ts';
import { compileResponseRules } from '../../src/gateway/header_rules.ts';
import { readAnswerHead } from '../../src/gateway/upstream/answer_head.ts';
import { outgoingHead } from '../../src/gateway/upstream/outgoing_head.ts';
import { route } from '../support/lane_server.ts';
import { measured } from '../support/measured.ts';

/*
 * Header names that were seen are remembered, because looking them up is cheaper than reading them again. Whoever sends names
 * chooses what is remembered: thousands of heads with a name of 15 KB each must not stay in memory, nor the head that a name was in.
 */

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

async function heap(): Promise<number> {
  collect();
  await setImmediate();
  collect();
  return process.memoryUsage().heapUsed;
}

const kindOf = headerKinds(DEFAULT_IDENTITY_HEADERS);
const to = route('/*', 'http://127.0.0.1:1');
const rules = compileResponseRules({ ...to, responseHeaders: { set: {}, remove: ['Server'] } });
const head = new FastHead(false);
const LONG = 'n'.repeat(15_000);

/** Each connection also keeps the names of its last head. */
const connections = Array.from({ length: 500 }, () => ({ head: new FastHead(false), names: [] }));
const many = (index: number) =>
  Array.from({ length: 40 }, (_, line) => `${LONG.slice(0, 300)}${index}-${line}: 1\r\n`).join('');

const memories: readonly ((index: number) => void)[] = [
  (index) => {
    const head = connections[index]?.head ?? new FastHead(false);
    readFastHead(`GET / HTTP/1.1\r\nHost: a\r\n${many(index)}\r\n`, head);
    head.forget();
  },
  (index) => {
    const text = Buffer.from(`HTTP/1.1 200 OK\r\n${many(index)}\r\n`).toString('latin1');
    readAnswerHead(text, 0, text.length - 2, false, connections[index]?.names);
  },
  (index) => readFastHead(`GET / HTTP/1.1\r\nHost: a\r\n${LONG}${index}: 1\r\n\r\n`, head),
  (index) => kindOf(Buffer.from(LONG + index).toString('latin1')),
  (index) => rules?.drops(Buffer.from(LONG + index).toString('latin1')),
  (index) => {
    const headers = [Buffer.from(LONG + index).toString('latin1'), '1'];
    outgoingHead({ route: to, method: 'GET', target: '/', headers, body: 'none' }, '', ' HTTP/1.1\r\n');
  },
  (index) => {
    const text = Buffer.from(`HTTP/1.1 200 OK\r\nX-Name-${index}-of-many-names: 1\r\n\r\n${LONG}`).toString('latin1');
    readAnswerHead(text, 0, text.indexOf('\r\n\r\n') + 2, false);
  },
];

it('long names, and what surrounds them, are not kept', async () => {
  const before = await heap();
  for (const remember of memories) {
    for (let index = 0; index < 500; index++) remember(index);
  }
  expect((await heap()) - before).toBeLessThan(4_000_000);
});

/*
 * Nor may those who come first with thousands of names of their own leave every later name to be read again with each request.
 */
const FIFTY = Array.from({ length: 50 }, (_, index) => index);
/** What a head with fifty names of one kind costs each place that remembers names. */
const places: readonly (readonly [where: string, lookAt: (kind: string) => () => void])[] = [
  [
    'as callers’ heads are read',
    (kind) => {
      const text = `GET / HTTP/1.1\r\nHost: a\r\n${FIFTY.map((index) => `X-${kind}-${index}: 1\r\n`).join('')}\r\n`;
      return () => readFastHead(text, head);
    },
  ],
  ['as they are judged', (kind) => eachOf(kind, kindOf)],
  ['as rules remove them', (kind) => eachOf(kind, (name) => rules?.drops(name))],
  [
    'as upstreams’ heads are read',
    (kind) => {
      const text = `HTTP/1.1 200 OK\r\n${FIFTY.map((index) => `X-${kind}-${index}: 1\r\n`).join('')}\r\n`;
      return () => readAnswerHead(text, 0, text.length - 2, false);
    },
  ],
];

function eachOf(kind: string, look: (name: string) => unknown): () => void {
  const names = FIFTY.map((index) => `X-${kind}-${index}`);
  return () => names.forEach(look);
}

/** Nanoseconds of one look, at best: what else the machine does meanwhile makes some rounds longer, and none shorter. */
function cost(look: () => void): number {
  const rounds = Array.from({ length: 400 }, () => {
    const began = process.hrtime.bigint();
    for (let count = 0; count < 10; count++) look();
    return Number(process.hrtime.bigint() - began) / 10;
  });
  return Math.min(...rounds);
}

it.each(places)('a name costs as little after 5,000 made-up ones as before, %s', (where, lookAt) => {
  cost(lookAt('Early'));
  const before = cost(lookAt('Early'));
  for (let round = 0; round < 100; round++) lookAt(`Made-Up-${round}`)();
  const after = cost(lookAt('Late'));
  expect(after).toBeLessThan(before * 1.7);
  measured({
    id: 'remembered_names',
    what: `nanoseconds for a name ${where}, after 5,000 made-up ones`,
    count: 5_000,
    max: Math.round(after / 50),
    unit: 'ns',
  });
});
