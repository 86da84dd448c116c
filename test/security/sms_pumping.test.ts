import { describe, expect, it } from 'vitest';
import { type Codes, startCodes } from '../oauth/codes_under_test.ts';
import { isLong, measured } from '../support/measured.ts';

// Threat: somebody owns an expensive range of numbers, or has an agreement with who does, and has codes sent there by the thousand;
// or floods one phone, or one mailbox. With sign-up open every number is a good one.

const sent = async (codes: Codes, recipient: string, address: string, connection = 'sms'): Promise<boolean> => {
  try {
    await codes.send(recipient, connection, address);
    return true;
  } catch (error) {
    expect(error).toMatchObject({ failure: { code: 'too_many_attempts' } });
    return false;
  }
};
const address = (index: number) => `198.51.${Math.floor(index / 250)}.${1 + (index % 250)}`;
const HOUR = 3_600_000;
const AT_ONCE = isLong() ? 10_000 : 300;

describe('messages', () => {
  it('to one range are fifty in an hour, from however many addresses and to however many numbers', async () => {
    const codes = await startCodes({ signUp: true });
    for (let index = 0; index < 500; index++) await sent(codes, `+88213${1_000_000 + index}`, address(index));
    expect(codes.lines).toHaveLength(50);
    expect(await sent(codes, '+15550100', address(501)), 'other ranges are served').toBe(true);
    codes.clock.advance(HOUR);
    expect(await sent(codes, '+882131000000', address(502))).toBe(true);
  });

  it('from one address are thirty in an hour, and what it is refused is not taken from others', async () => {
    const codes = await startCodes({ signUp: true });
    for (let index = 0; index < 500; index++) await sent(codes, `+4479${10_000_000 + index}`, '192.0.2.1');
    expect(codes.lines).toHaveLength(30);
    for (let index = 0; index < 20; index++) {
      expect(await sent(codes, `+4479${20_000_000 + index}`, address(index))).toBe(true);
    }
  });

  it.each([
    ['sms', '+15550100', ['+1 555 0100', '+1-555-0100', '+1(555)0100']],
    ['email', 'alice@example.com', ['ALICE@example.com', ' alice@EXAMPLE.com ']],
  ])(
    'to one recipient (%s) are five in fifteen minutes and twenty a day, however it is written',
    async (connection, recipient, spellings) => {
      const codes = await startCodes();
      const all = [recipient, ...spellings];
      for (let index = 0; index < 100; index++) {
        await sent(codes, all[index % all.length] ?? recipient, address(index), connection);
      }
      expect(codes.lines).toHaveLength(5);
      for (let index = 0; index < 1_000; index++) {
        await sent(codes, recipient, address(index), connection);
        codes.clock.advance(60_000);
      }
      expect(codes.lines.length).toBeLessThanOrEqual(20);
    },
  );

  it('at once are not more than one after another', async () => {
    const codes = await startCodes({ signUp: true });
    await Promise.all(
      Array.from({ length: AT_ONCE }, (_, index) => sent(codes, `+88213${1_000_000 + index}`, address(index))),
    );
    expect(codes.lines).toHaveLength(50);
    const max = codes.lines.length;
    measured({ id: 'F3', what: 'messages sent to one range of numbers in an hour', count: AT_ONCE, max, unit: 'sent' });
  });

  it('to people without an account are none, and count all the same', async () => {
    const codes = await startCodes();
    for (let index = 0; index < 100; index++) await sent(codes, `+88213${1_000_000 + index}`, address(index));
    expect(codes.lines).toEqual([]);
    expect(await sent(codes, '+882139999999', address(200))).toBe(false);
  });
});
