import { afterEach, expect, it } from 'vitest';
import { route, startLaneServer } from './lane_server.ts';
import { answerInPieces } from './paced_answer.ts';
import { rawClient } from './raw_client.ts';
import { startRecordingUpstream } from './recording_upstream.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const it of open.splice(0).reverse()) await it.close();
});

/** Milliseconds. Nothing else waits as long: timers of one duration are looked at together, and others would change whose turn it is. */
const PAUSE = 90;

it('an upstream that stood still for longer than its pauses still writes the head of an answer first', async () => {
  const upstream = await startRecordingUpstream(({ target }, socket) => {
    answerInPieces(socket, ['HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc', 'def'], PAUSE);
    if (target === '/second') standStill(3 * PAUSE);
    return undefined;
  });
  open.push(upstream);
  const lane = await startLaneServer({ routes: [route('/*', upstream.origin, { auth: 'none' })] });
  open.push(lane);

  const ask = (path: string) => {
    const client = rawClient(lane.port);
    client.send(`GET ${path} HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n`);
    return client.response();
  };
  const first = ask('/first');
  await upstream.next();
  // Between the two pieces of the first answer: the second piece of that one is due before the first piece of the other.
  await new Promise((resolve) => setTimeout(resolve, 1.5 * PAUSE));
  const answers = await Promise.all([first, ask('/second')]);

  expect(answers.map(({ status, body }) => ({ status, body }))).toEqual([
    { status: 200, body: 'abcdef' },
    { status: 200, body: 'abcdef' },
  ]);
});

function standStill(time: number): void {
  const until = performance.now() + time;
  while (performance.now() < until);
}
