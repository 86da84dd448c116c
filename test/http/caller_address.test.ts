import { expect, it, onTestFinished } from 'vitest';
import { ProtocolError } from '../../src/model/failure.ts';
import { exchange } from '../support/raw_client.ts';
import { postBytes, startEdge } from './edge_under_test.ts';

/** Guesses are counted by the address they come from: who could make one up would guess as often as they like. */

/** Who asks for a token, as whoever counts is told. */
async function toldCallers(trustedProxies: readonly string[], ...forwardedFor: readonly string[]): Promise<string[]> {
  const callers: string[] = [];
  const edge = await startEdge({
    trustedProxies,
    token: async ({ caller }) => {
      callers.push(caller.address);
      throw new ProtocolError('invalid_credentials', 'No.');
    },
  });
  onTestFinished(() => edge.drain());
  const lines = ['Content-Type: application/x-www-form-urlencoded'];
  for (const value of forwardedFor) {
    const form = 'grant_type=password&username=alice&password=guess';
    await exchange(edge.port, postBytes('/oauth2/token', form, [...lines, `X-Forwarded-For: ${value}`]));
  }
  return callers;
}

it('is that of the connection, whatever X-Forwarded-For says', async () => {
  const callers = await toldCallers([], '192.0.2.1', '192.0.2.2', '127.0.0.1, 192.0.2.3');
  expect(callers).toEqual(['127.0.0.1', '127.0.0.1', '127.0.0.1']);
});

it('is what the last trusted proxy saw, and never what stands left of that', async () => {
  const sent = [
    '192.0.2.1',
    '198.51.100.9, 192.0.2.1',
    '198.51.100.9, 192.0.2.1, 10.0.0.7',
    'nonsense',
    '192.0.2.1, nonsense',
  ];
  const callers = await toldCallers(['127.0.0.1', '10.0.0.0/8'], ...sent);
  expect(callers).toEqual(['192.0.2.1', '192.0.2.1', '192.0.2.1', '127.0.0.1', '127.0.0.1']);
});
