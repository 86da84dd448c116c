import type { Measurement } from '../figures.ts';
import { bytesPerPair, heapPerCachedToken } from '../memory.ts';

/** What a token weighs where it is kept. */
export const memoryOfTokens: Measurement = {
  name: 'memory of tokens',
  about:
    '100,000 of them, each of another user: in the cache of the gateway, and as pairs with all that Redis keeps for their sake',
  duration: 40,
  async measure() {
    return [
      { what: 'heap of a cached token (bytes)', value: await heapPerCachedToken(), atMost: 400 },
      { what: 'Redis for an access and a refresh token (bytes)', value: await bytesPerPair(), atMost: 800 },
    ];
  },
};
