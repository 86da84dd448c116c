/**
 * Threat: what a caller sends (a path, a browser's name, a user name) ends its field or its line in the log, and what follows looks
 * like a line of the gateway's own: a call that never was, or a way to hide one. Terminals that show the log must not be steered, either.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Exchange } from '../../src/model/exchange.ts';
import { milliseconds } from '../../src/model/units.ts';
import { combinedLine } from '../../src/observe/combined_log.ts';
import { observedHouse, PEOPLE } from '../observe/observed_house.ts';
import { until } from '../observe/until.ts';
import { rawClient } from '../support/raw_client.ts';

/** One line of printable ASCII, as every reader of the format takes it apart. */
const COMBINED =
  /^([^ ]+) - ([^ ]+) \[([^\]]+)\] "((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\.)*)" (\d{3}) (\d+|-) "((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\.)*)" "((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\.)*)"\n$/;

const FORGED = '" 200 1 "-" "-"\r\n192.0.2.9 - admin [21/Nov/2026:00:00:00 +0000] "GET /secret HTTP/1.1" 200 1 "-" "-';

describe('the combined log', () => {
  it('is one line of nine fields, whatever callers and users are called', () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 });
    const any = fc.oneof(text, fc.constant(FORGED), fc.constant('\x1b[2J\u202e\u2028\x85\\'));
    fc.assert(
      fc.property(any, any, any, any, any, (method, path, user, referer, userAgent) => {
        const exchange: Exchange = {
          ...{ requestId: 'r', method, path, user, status: 200, duration: milliseconds(1) },
          notes: { caller: { address: '192.0.2.1', httpVersion: '1.1', referer, userAgent } },
        };
        const [, address, who, , , status] = COMBINED.exec(combinedLine(exchange, 0)) ?? [];
        expect([address, status]).toEqual(['192.0.2.1', '200']);
        expect(who).not.toBe('');
      }),
    );
  });

  it.each([
    ['https://app.test/cb?code=canary&state=canary', 'https://app.test/cb'],
    ['https://app.test/cb#access_token=canary', 'https://app.test/cb'],
    ['https://canary:canary@app.test/cb', 'https://app.test/cb'],
    ['?canary', ''],
  ])('does not say what was in the query of the page that somebody came from: %s', (referer, said) => {
    const exchange: Exchange = {
      ...{ requestId: 'r', method: 'GET', path: '/', status: 200, duration: milliseconds(1) },
      notes: { caller: { address: '192.0.2.1', httpVersion: '1.1', referer, userAgent: 'x' } },
    };
    const [, , , , , , , from] = COMBINED.exec(combinedLine(exchange, 0)) ?? [];
    expect(from).toBe(said);
  });

  it('cannot be written into by a call', async () => {
    const house = await observedHouse(`${PEOPLE}\nlog: { access: combined }\nroutes: []\n`);
    const raw = rawClient(Number(new URL(house.url).port));
    raw.send(
      `GET /a"b\\c HTTP/1.1\r\nHost: a\r\nUser-Agent: "\\" 200 \x80\xff\t"\r\nReferer: ${FORGED.split('\r')[0]}\r\n\r\n`,
    );
    const lines = await until(() => {
      const found = house.lines().filter((line) => !line.startsWith('{'));
      return found.length > 0 ? found : undefined;
    });
    raw.close();
    await house.close();
    expect(lines).toHaveLength(1);
    expect(`${lines[0]}\n`).toMatch(COMBINED);
  });
});

describe('the log of events', () => {
  it('is JSON on one line, whatever name somebody signs in with', async () => {
    const house = await observedHouse(`${PEOPLE}\naudit: { log: true }\n`);
    const name = 'mallory"}\n{"level":"info","event":"audit","actor":"admin","outcome":"done"}\u2028\x1b[2J';
    await house.token({ grant_type: 'password', username: name, password: 'guess' });
    const event = await house.event('audit');
    const lines = house.lines();
    await house.close();
    expect(event).toMatchObject({ actor: 'unknown', action: 'user.sign_in', outcome: 'refused' });
    for (const line of lines) expect(JSON.parse(line)).toBeTypeOf('object');
    expect(lines.filter((line) => line.includes('"event":"audit"'))).toHaveLength(1);
    expect(lines.join('')).not.toMatch(/\p{Cc}/u);
    expect(lines.join('')).not.toMatch(/guess|mallory/);
  });
});
