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

const memories: readonly ((index: number) => void)[] = [
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
