import { isDeepStrictEqual } from 'node:util';
import type { Bytes } from './request_mutations.ts';
import { createFullReader, readFast } from './two_parsers.ts';

/** Compares how the fast lane and node:http read the same bytes. */
export interface Differential {
  /** @returns what differs, or undefined; and what kind of case it was. */
  compare(
    bytes: Bytes,
  ): Promise<{ readonly difference: string | undefined; readonly kind: string; readonly taken: number }>;
}

export function createDifferential(): Differential {
  const readFull = createFullReader();
  return {
    async compare({ whole, pieces }) {
      const fast = await readFast(pieces);
      const full = await readFull(whole);
      const kind = `taken ${fast.requests.length}, handed over ${fast.handedOver !== undefined}, read ${full.requests.length}, ${full.error}`;
      const about = (what: string) => ({
        difference: `${what}: ${JSON.stringify({ bytes: whole.toString('latin1'), fast, full }, undefined, 1)}`,
        kind,
        taken: fast.requests.length,
      });
      const same = full.requests.slice(0, fast.requests.length);
      if (!isDeepStrictEqual(fast.requests, same)) return about('the fast lane carried something else than was sent');
      if (fast.handedOver !== undefined) {
        if (!whole.subarray(whole.length - fast.handedOver.length).equals(fast.handedOver))
          return about('bytes were lost or changed');
        const rest = await readFull(fast.handedOver);
        if (!isDeepStrictEqual([...fast.requests, ...rest.requests], full.requests) || rest.error !== full.error)
          return about('what was handed over is read in another way');
      }
      const answers = fast.written.match(/HTTP\/1\.1 204 No Content\r\n/g)?.length ?? 0;
      if (answers !== fast.requests.length) return about('not one answer for one request');
      return { difference: undefined, kind, taken: fast.requests.length };
    },
  };
}
