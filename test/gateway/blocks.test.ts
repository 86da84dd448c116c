import { describe, expect, it } from 'vitest';
import { copyOf, giveBack, own } from '../../src/gateway/upstream/blocks.ts';

const read = (length: number): Buffer => Buffer.allocUnsafeSlow(length).fill(7);

describe('memory of bodies', () => {
  it('is free as soon as a piece is given back that nobody else has', () => {
    const piece = read(65_536);
    own(piece);
    giveBack(piece);
    expect(piece.buffer.byteLength).toBe(0);
  });

  it('stays while another part of the same read may be waiting', () => {
    const whole = read(65_536);
    const part = whole.subarray(0, 40_000);
    own(part);
    giveBack(part);
    expect(whole.every((byte) => byte === 7)).toBe(true);
  });

  it('stays when the piece is not only its sender’s', () => {
    const piece = read(65_536);
    giveBack(piece);
    expect(piece.every((byte) => byte === 7)).toBe(true);
  });

  it('serves the next piece when a copy is given back, and never two at once', () => {
    const source = read(65_536);
    const first = copyOf(source, 0, 40_000);
    giveBack(first);
    giveBack(first);
    const [second, third] = [copyOf(source, 0, 40_000), copyOf(source, 0, 40_000)];
    expect(second.buffer).toBe(first.buffer);
    expect(third.buffer).not.toBe(second.buffer);
  });
});
